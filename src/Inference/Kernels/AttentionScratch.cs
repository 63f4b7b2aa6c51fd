using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>What one thread needs beside queries and cache: a chunk as floats, scores, and sums on their way.</summary>
internal sealed unsafe class AttentionScratch : IDisposable
{
    private readonly NativeBuffer _numbers;
    private readonly NativeBuffer _scores = NativeBuffer.OfFloats(Attention.QueriesMax * Attention.Chunk);
    private readonly NativeBuffer _states = NativeBuffer.OfFloats(6 * Attention.QueriesMax);
    private readonly NativeBuffer _sums;

    public AttentionScratch(int keySize, int valueSize)
    {
        KeySize = keySize;
        ValueSize = valueSize;
        int padded = Attention.Padded(valueSize);
        _numbers = NativeBuffer.OfFloats(Attention.Chunk * Math.Max(keySize, padded));
        _sums = NativeBuffer.OfFloats(Attention.QueriesMax * padded);
    }

    /// <summary>The largest key there is room for.</summary>
    public int KeySize { get; }

    /// <summary>The largest value there is room for.</summary>
    public int ValueSize { get; }

    /// <summary>A chunk's keys, then its values.</summary>
    public float* Numbers => _numbers.Floats;

    /// <summary>A row of scores per query.</summary>
    public float* Scores => _scores.Floats;

    /// <summary>A row of sums per query, filled up to a multiple of sixteen.</summary>
    public float* Sums => _sums.Floats;

    /// <summary>The largest score of each query so far.</summary>
    public float* Largest => State(0);

    /// <summary>Each query's sum of e^(score - largest) so far.</summary>
    public float* Total => State(1);

    /// <summary>The largest score of each query in the current chunk.</summary>
    public float* ChunkLargest => State(2);

    /// <summary>Each query's sum in the current chunk.</summary>
    public float* ChunkTotal => State(3);

    /// <summary>What the chunks before are multiplied by when the current one joins them.</summary>
    public float* Keep => State(4);

    /// <summary>What the current chunk is multiplied by.</summary>
    public float* Gain => State(5);

    public void Dispose()
    {
        _states.Dispose();
        _numbers.Dispose();
        _scores.Dispose();
        _sums.Dispose();
    }

    private float* State(int index) => _states.Floats + (index * Attention.QueriesMax);
}
