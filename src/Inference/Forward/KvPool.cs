using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// The memory of all caches of a span, in pages, up to a limit. A cache takes its pages when it is created, so an
/// accepted session has its memory; pages given back serve the next cache.
/// </summary>
public sealed class KvPool : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Stack<KvPage>> _idle = [];
    private long _used;
    private long _kept;
    private bool _disposed;

    /// <summary>Makes a pool that has given nothing yet.</summary>
    /// <param name="bytesMax">What its caches may take together.</param>
    /// <param name="pagePositions">Positions of a page, a multiple of 64; changes no result.</param>
    public KvPool(long bytesMax = long.MaxValue, int pagePositions = Attention.Chunk)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(pagePositions, Attention.Chunk);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pagePositions % Attention.Chunk, 0);
        BytesMax = bytesMax;
        PagePositions = pagePositions;
    }

    /// <summary>What its caches may take together.</summary>
    public long BytesMax { get; }

    /// <summary>Positions of a page.</summary>
    public int PagePositions { get; }

    /// <summary>What its caches have taken; a shared page counts once.</summary>
    public long BytesUsed
    {
        get
        {
            lock (_gate)
            {
                return _used;
            }
        }
    }

    /// <summary>So many positions, and those that fill the last page.</summary>
    internal long WholePages(int positions) => ((long)positions + PagePositions - 1) / PagePositions * PagePositions;

    /// <summary>Gives the memory back that no cache holds, now and later.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Forget();
        }
    }

    /// <summary>Pages of so many bytes each: all, or none and an exception. What they hold is anybody's.</summary>
    internal KvPage[] Rent(int count, long bytes)
    {
        var pages = new KvPage[count];
        int taken = 0;

        lock (_gate)
        {
            long needed = checked(count * bytes);

            if (needed > BytesMax - _used)
            {
                throw new KvMemoryException(needed, BytesMax - _used);
            }

            try
            {
                for (; taken < count; taken++)
                {
                    pages[taken] = Take(bytes);
                    _used += bytes;
                }
            }
            catch
            {
                Array.ForEach(pages[..taken], Drop);
                throw;
            }
        }

        return pages;
    }

    /// <summary>One more cache holds these pages.</summary>
    internal void Share(ReadOnlySpan<KvPage> pages)
    {
        lock (_gate)
        {
            foreach (KvPage page in pages)
            {
                page.Holders++;
            }
        }
    }

    /// <summary>One cache less holds these pages.</summary>
    internal void Return(ReadOnlySpan<KvPage> pages)
    {
        lock (_gate)
        {
            foreach (KvPage page in pages)
            {
                Drop(page);
            }
        }
    }

    private KvPage Take(long bytes)
    {
        if (_idle.TryGetValue(bytes, out Stack<KvPage>? pages) && pages.TryPop(out KvPage? page))
        {
            _kept -= bytes;
            page.Holders = 1;
            return page;
        }

        // Pages of another size are no use here, and must not keep memory beyond the limit.
        if (bytes > BytesMax - _used - _kept)
        {
            Forget();
        }

        return new KvPage(new NativeBuffer(bytes));
    }

    private void Drop(KvPage page)
    {
        if (--page.Holders > 0)
        {
            return;
        }

        long bytes = page.Memory.Bytes;
        _used -= bytes;

        if (_disposed)
        {
            page.Memory.Dispose();
            return;
        }

        if (!_idle.TryGetValue(bytes, out Stack<KvPage>? pages))
        {
            _idle.Add(bytes, pages = new Stack<KvPage>());
        }

        pages.Push(page);
        _kept += bytes;
    }

    private void Forget()
    {
        foreach (KvPage page in _idle.Values.SelectMany(pages => pages))
        {
            page.Memory.Dispose();
        }

        _idle.Clear();
        _kept = 0;
    }
}
