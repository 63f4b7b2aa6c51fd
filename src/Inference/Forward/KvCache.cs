using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// One session's keys and values, by block and position, in memory reserved when it is created. It can be rewound.
/// </summary>
public sealed unsafe class KvCache : IDisposable
{
    private readonly NativeBuffer _memory;
    private readonly LayerSpec[] _layers;
    private readonly long[] _keys;
    private readonly long[] _values;
    private readonly int _rows;

    internal KvCache(ModelConfig config, BlockRange blocks, int positions, KvCacheType type)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        Blocks = blocks;
        Capacity = positions;
        Type = type;
        _rows = (positions + Attention.Chunk - 1) / Attention.Chunk * Attention.Chunk;
        _layers = [.. Enumerable.Range(blocks.First, blocks.Count).Select(block => config.Layers[block])];
        _keys = new long[blocks.Count];
        _values = new long[blocks.Count];
        long bytes = 0;

        for (int i = 0; i < _layers.Length; i++)
        {
            _keys[i] = bytes;
            bytes += KeyHeadBytes(_layers[i]) * _layers[i].KvHeadCount;
            _values[i] = bytes;
            bytes += ValueHeadBytes(_layers[i]) * _layers[i].KvHeadCount;
        }

        _memory = new NativeBuffer(bytes);
    }

    /// <summary>How many positions it holds.</summary>
    public int Length { get; private set; }

    /// <summary>How many positions it has room for.</summary>
    public int Capacity { get; }

    /// <summary>Whose keys and values it holds.</summary>
    public BlockRange Blocks { get; }

    /// <summary>How numbers are kept.</summary>
    public KvCacheType Type { get; }

    private int ElementBytes => Type == KvCacheType.F16 ? sizeof(ushort) : sizeof(float);

    /// <summary>Forgets the positions from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = Math.Min(Length, length);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _memory.Dispose();

    /// <summary>Bytes that one position of these blocks takes.</summary>
    internal static long BytesPerPosition(ModelConfig config, BlockRange blocks, KvCacheType type)
        => Enumerable.Range(blocks.First, blocks.Count).Sum(block => ElementsPerPosition(config.Layers[block]))
            * (type == KvCacheType.F16 ? sizeof(ushort) : sizeof(float));

    /// <summary>Counts the positions up to <paramref name="end"/> as held.</summary>
    internal void Advance(int end) => Length = Math.Max(Length, end);

    /// <summary>The keys and values that one querying head of a block reads.</summary>
    internal AttentionHead Head(int block, int head, AttentionSpec spec, float? sink)
    {
        LayerSpec layer = Layer(block);
        int kvHead = head / (layer.HeadCount / layer.KvHeadCount);
        return new AttentionHead(
            _memory.Pointer + _keys[block - Blocks.First] + (kvHead * KeyHeadBytes(layer)),
            _memory.Pointer + _values[block - Blocks.First] + (kvHead * ValueHeadBytes(layer)),
            spec,
            sink);
    }

    /// <summary>Writes the keys and values of one position, all heads in a row, rounded to the cache's type.</summary>
    /// <returns>Whether every number is finite after rounding.</returns>
    internal bool Write(int block, int position, float* keys, float* values)
        => Type == KvCacheType.F16
            ? WriteHalf(block, position, keys, values)
            : WriteSingle(block, position, keys, values);

    private static long ElementsPerPosition(LayerSpec layer)
        => (long)layer.KvHeadCount * (layer.KeySize + Attention.Padded(layer.ValueSize));

    private bool WriteHalf(int block, int position, float* keys, float* values)
    {
        LayerSpec layer = Layer(block);
        bool finite = true;

        for (int head = 0; head < layer.KvHeadCount; head++)
        {
            AttentionHead place = HeadOf(block, head);
            var key = (Half*)place.Key<F16>(position);
            var value = (Half*)place.Value<F16>(position);

            for (int d = 0; d < layer.KeySize; d++)
            {
                var rounded = (Half)(*keys++);
                finite &= Half.IsFinite(rounded);
                key[d * Attention.Tile] = rounded;
            }

            for (int d = 0; d < layer.ValueSize; d++)
            {
                value[d] = (Half)(*values++);
                finite &= Half.IsFinite(value[d]);
            }
        }

        return finite;
    }

    private bool WriteSingle(int block, int position, float* keys, float* values)
    {
        LayerSpec layer = Layer(block);
        bool finite = true;

        for (int head = 0; head < layer.KvHeadCount; head++)
        {
            AttentionHead place = HeadOf(block, head);
            float* key = (float*)place.Key<F32>(position);
            float* value = (float*)place.Value<F32>(position);

            for (int d = 0; d < layer.KeySize; d++)
            {
                finite &= float.IsFinite(*keys);
                key[d * Attention.Tile] = *keys++;
            }

            for (int d = 0; d < layer.ValueSize; d++)
            {
                finite &= float.IsFinite(*values);
                value[d] = *values++;
            }
        }

        return finite;
    }

    private AttentionHead HeadOf(int block, int kvHead)
    {
        LayerSpec layer = Layer(block);
        var spec = new AttentionSpec(layer.KeySize, layer.ValueSize, 1);
        return Head(block, kvHead * (layer.HeadCount / layer.KvHeadCount), spec, null);
    }

    private LayerSpec Layer(int block) => _layers[block - Blocks.First];

    private long KeyHeadBytes(LayerSpec layer) => (long)_rows * layer.KeySize * ElementBytes;

    private long ValueHeadBytes(LayerSpec layer) => (long)_rows * Attention.Padded(layer.ValueSize) * ElementBytes;
}
