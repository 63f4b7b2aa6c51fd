using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// One session's keys and values, by block and position, in pages taken when it is created. It can be rewound, forked,
/// and carried elsewhere; none of that changes a bit. Not while a run uses it.
/// </summary>
public sealed unsafe partial class KvCache : IDisposable
{
    private readonly KvPool _pool;
    private readonly KvFormat _format;
    private readonly LayerSpec[] _layers;
    private readonly long[] _offsets;
    private readonly int[] _lengths;
    private readonly long _chunkBytes;
    private readonly KvPage[] _pages;
    private readonly NativeBuffer _chunks;
    private readonly RecurrentState? _recurrent;
    private bool _disposed;

    internal KvCache(KvPool pool, ModelConfig config, BlockRange blocks, int positions, KvCacheType type)
        : this(
            pool,
            blocks,
            [.. Enumerable.Range(blocks.First, blocks.Count).Select(block => config.Layers[block])],
            positions,
            type,
            [])
    {
    }

    // Begins with pages that another cache holds too; the rest is its own.
    private KvCache(
        KvPool pool,
        BlockRange blocks,
        LayerSpec[] layers,
        int positions,
        KvCacheType type,
        ReadOnlySpan<KvPage> shared)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        (_pool, Blocks, Capacity, Type, _layers) = (pool, blocks, positions, type, layers);
        _format = Format(type);
        _recurrent = layers.Any(layer => layer.Recurrence is not null)
            ? new RecurrentState(layers, blocks.First)
            : null;
        _offsets = new long[layers.Length];
        _lengths = new int[layers.Length];

        for (int i = 0; i < layers.Length; i++)
        {
            _offsets[i] = _chunkBytes;
            _chunkBytes += LayerBytes(_format, layers[i]);
        }

        int pages = checked((int)(pool.WholePages(positions) / pool.PagePositions));
        _pages = [.. shared, .. pool.Rent(pages - shared.Length, _chunkBytes * ChunksOfPage)];
        pool.Share(shared);
        _chunks = new NativeBuffer((long)pages * ChunksOfPage * sizeof(byte*));

        for (int page = 0; page < pages; page++)
        {
            Enlist(page);
        }
    }

    /// <summary>How many positions it holds, in all its blocks.</summary>
    public int Length { get; private set; }

    /// <summary>How many positions it has room for.</summary>
    public int Capacity { get; }

    /// <summary>Whose keys and values it holds.</summary>
    public BlockRange Blocks { get; }

    /// <summary>How numbers are kept.</summary>
    public KvCacheType Type { get; }

    private int ChunksOfPage => _pool.PagePositions / Attention.Chunk;

    private byte** Chunks => (byte**)_chunks.Pointer;

    /// <summary>
    /// Forgets the positions from <paramref name="length"/> on. With recurrent blocks it goes back to the newest
    /// snapshot that is not beyond: <see cref="Length"/> says where it stands.
    /// </summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        if (length < _lengths.Max())
        {
            GoBack(length);
        }
    }

    /// <summary>
    /// Another session with the same past: whole pages are shared until one of the two writes there, which only one
    /// that was truncated below <paramref name="length"/> does.
    /// </summary>
    /// <param name="length">
    /// How many of the positions held it begins with; with recurrent blocks it begins at the newest snapshot up to
    /// there.
    /// </param>
    /// <param name="positions">How many positions it may reach.</param>
    /// <exception cref="KvMemoryException">The pool has no memory for the pages that are not shared.</exception>
    public KvCache Fork(int length, int positions)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, Math.Max(1, length));
        int whole = length / _pool.PagePositions;
        var fork = new KvCache(_pool, Blocks, _layers, positions, Type, _pages.AsSpan(0, whole));

        if (length > whole * _pool.PagePositions)
        {
            _pages[whole].Memory.CopyTo(fork._pages[whole].Memory);
        }

        length = fork._recurrent?.CopyFrom(_recurrent!, length, Length) ?? length;
        Array.Fill(fork._lengths, length);
        fork.Length = length;
        return fork;
    }

    /// <summary>Gives the pages back.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _recurrent?.Dispose();
            _pool.Return(_pages);
            _chunks.Dispose();
        }
    }

    /// <summary>Bytes that one position of these blocks takes.</summary>
    internal static long BytesPerPosition(ModelConfig config, BlockRange blocks, KvCacheType type)
        => Enumerable.Range(blocks.First, blocks.Count)
            .Sum(block => LayerBytes(Format(type), config.Layers[block]) / Attention.Chunk);

    /// <summary>Counts the positions up to <paramref name="end"/> as held.</summary>
    internal void Advance(int end)
    {
        if (end > Length)
        {
            Array.Fill(_lengths, end);
            Length = end;
        }
    }

    /// <summary>Makes sure that nobody else sees what is written to these positions.</summary>
    /// <exception cref="KvMemoryException">A shared page needs a copy, and the pool has no memory for it.</exception>
    internal void Own(int first, int last)
    {
        for (int page = first / _pool.PagePositions; page * _pool.PagePositions < last; page++)
        {
            if (_pages[page].Holders > 1)
            {
                KvPage[] own = _pool.Rent(1, _chunkBytes * ChunksOfPage);
                _pages[page].Memory.CopyTo(own[0].Memory);
                _pool.Return(_pages.AsSpan(page, 1));
                _pages[page] = own[0];
                Enlist(page);
            }
        }
    }

    /// <summary>The keys and values of a head of a block.</summary>
    internal KvHead Head(int block, int kvHead)
    {
        LayerSpec layer = Layer(block);
        long keys = KeyOffset(block, kvHead);
        return new KvHead(_format, Chunks, keys, keys + _format.KeyBytes(layer.KeySize));
    }

    /// <summary>Writes the keys and values of one position, all heads in a row, rounded to the cache's type.</summary>
    /// <returns>Whether every number is finite after rounding.</returns>
    internal bool Write(int block, int position, float* keys, float* values)
    {
        LayerSpec layer = Layer(block);
        int row = position % Attention.Chunk;
        bool finite = true;

        for (int head = 0; head < layer.KvHeadsKept; head++)
        {
            KvHead place = Head(block, head);
            int chunk = position / Attention.Chunk;
            finite &= _format.StoreKey(place.Keys(chunk), row, keys, layer.KeySize);
            finite &= _format.StoreValue(place.Values(chunk), row, values, layer.ValueSize);
            keys += layer.KeySize;
            values += layer.ValueSize;
        }

        return finite;
    }

    private static KvFormat Format(KvCacheType type) => type switch
    {
        KvCacheType.F32 => new FloatKv<F32>(),
        KvCacheType.F16 => new FloatKv<F16>(),
        KvCacheType.Q8_0 => new Q8Kv(),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such cache type"),
    };

    private static long LayerBytes(KvFormat format, LayerSpec layer)
        => layer.KvHeadsKept * (format.KeyBytes(layer.KeySize) + format.ValueBytes(layer.ValueSize));

    private long KeyOffset(int block, int kvHead)
    {
        LayerSpec layer = Layer(block);
        return _offsets[block - Blocks.First]
            + (kvHead * (_format.KeyBytes(layer.KeySize) + _format.ValueBytes(layer.ValueSize)));
    }

    private LayerSpec Layer(int block) => _layers[block - Blocks.First];

    // Where each chunk of a page lies.
    private void Enlist(int page)
    {
        for (int i = 0; i < ChunksOfPage; i++)
        {
            Chunks[(page * ChunksOfPage) + i] = _pages[page].Memory.Pointer + (i * _chunkBytes);
        }
    }
}
