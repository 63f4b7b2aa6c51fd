using System.Numerics;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>What one thread needs beside queries and cache: a chunk as floats, scores, and sums on their way.</summary>
/// <remarks>
/// All of it is one aligned piece of memory, so that its parts have addresses that differ in the bits by which caches
/// place lines: where each lay anywhere, some processes computed a prompt a quarter slower than others.
/// </remarks>
internal sealed unsafe class AttentionScratch : IDisposable
{
    private readonly NativeBuffer _memory;

    public AttentionScratch(int keySize, int valueSize)
    {
        KeySize = keySize;
        ValueSize = valueSize;
        int padded = Attention.Padded(valueSize);
        int scores = Attention.Batch * Attention.Chunk;
        int states = (2 * Attention.QueriesMax) + (4 * Attention.Batch);
        int floats = ((Attention.Chunk + Attention.QueriesMax) * (keySize + padded))
            + scores + (Attention.Batch * LaneSum.Lanes) + states;
        nuint region = BitOperations.RoundUpToPowerOf2((nuint)floats * sizeof(float));
        _memory = new NativeBuffer(2 * (long)region);
        Keys = (float*)(((nuint)_memory.Pointer + region - 1) & ~(region - 1));
        Values = Keys + (Attention.Chunk * keySize);
        Scores = Values + (Attention.Chunk * padded);
        Lanes = Scores + scores;
        Largest = Lanes + (Attention.Batch * LaneSum.Lanes);
        Queries = Largest + states;
        Sums = Queries + (Attention.QueriesMax * keySize);
    }

    /// <summary>The largest key there is room for.</summary>
    public int KeySize { get; }

    /// <summary>The largest value there is room for.</summary>
    public int ValueSize { get; }

    /// <summary>
    /// The queries in tiles of <see cref="Attention.Together"/>: element after element, of each the queries beside each
    /// other. A tile that is not full has its last query again.
    /// </summary>
    public float* Queries { get; }

    /// <summary>A chunk's keys.</summary>
    public float* Keys { get; }

    /// <summary>A chunk's values.</summary>
    public float* Values { get; }

    /// <summary>A row of scores for each query of a batch.</summary>
    public float* Scores { get; }

    /// <summary>Of each query of a batch, sixteen numbers that become one: its largest scores, then its sums.</summary>
    public float* Lanes { get; }

    /// <summary>A row of sums per query, filled up to a multiple of sixteen.</summary>
    public float* Sums { get; }

    /// <summary>The largest score of each query so far.</summary>
    public float* Largest { get; }

    /// <summary>Each query's sum of e^(score - largest) so far.</summary>
    public float* Total => Largest + Attention.QueriesMax;

    /// <summary>The largest score in the current chunk, of each query of a batch.</summary>
    public float* ChunkLargest => Total + Attention.QueriesMax;

    /// <summary>The sum in the current chunk, of each query of a batch.</summary>
    public float* ChunkTotal => ChunkLargest + Attention.Batch;

    /// <summary>What the chunks before are multiplied by when the current one joins them.</summary>
    public float* Keep => ChunkTotal + Attention.Batch;

    /// <summary>What the current chunk is multiplied by.</summary>
    public float* Gain => Keep + Attention.Batch;

    public void Dispose() => _memory.Dispose();
}
