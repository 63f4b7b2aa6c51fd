using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>What one thread needs beside queries and cache: a chunk as floats, scores, and sums on their way.</summary>
internal sealed unsafe class AttentionScratch : IDisposable
{
    private readonly NativeBuffer _queries;
    private readonly NativeBuffer _keys;
    private readonly NativeBuffer _values;
    private readonly NativeBuffer _scores = NativeBuffer.OfFloats(Attention.Batch * Attention.Chunk);
    private readonly NativeBuffer _lanes = NativeBuffer.OfFloats(Attention.Batch * LaneSum.Lanes);
    private readonly NativeBuffer _states = NativeBuffer.OfFloats((2 * Attention.QueriesMax) + (4 * Attention.Batch));
    private readonly NativeBuffer _sums;

    public AttentionScratch(int keySize, int valueSize)
    {
        KeySize = keySize;
        ValueSize = valueSize;
        int padded = Attention.Padded(valueSize);
        _queries = NativeBuffer.OfFloats(Attention.QueriesMax * keySize);
        _keys = NativeBuffer.OfFloats(Attention.Chunk * keySize);
        _values = NativeBuffer.OfFloats(Attention.Chunk * padded);
        _sums = NativeBuffer.OfFloats(Attention.QueriesMax * padded);
    }

    /// <summary>The largest key there is room for.</summary>
    public int KeySize { get; }

    /// <summary>The largest value there is room for.</summary>
    public int ValueSize { get; }

    /// <summary>
    /// The queries in tiles of <see cref="Attention.Together"/>: element after element, of each the queries beside each
    /// other. A tile that is not full has its last query again.
    /// </summary>
    public float* Queries => _queries.Floats;

    /// <summary>A chunk's keys.</summary>
    public float* Keys => _keys.Floats;

    /// <summary>A chunk's values.</summary>
    public float* Values => _values.Floats;

    /// <summary>A row of scores for each query of a batch.</summary>
    public float* Scores => _scores.Floats;

    /// <summary>Of each query of a batch, sixteen numbers that become one: its largest scores, then its sums.</summary>
    public float* Lanes => _lanes.Floats;

    /// <summary>A row of sums per query, filled up to a multiple of sixteen.</summary>
    public float* Sums => _sums.Floats;

    /// <summary>The largest score of each query so far.</summary>
    public float* Largest => _states.Floats;

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

    public void Dispose()
    {
        _states.Dispose();
        _lanes.Dispose();
        _queries.Dispose();
        _keys.Dispose();
        _values.Dispose();
        _scores.Dispose();
        _sums.Dispose();
    }
}
