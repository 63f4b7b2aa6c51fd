using System.Runtime.ExceptionServices;
using Swarm.Inference.Kernels;

namespace Swarm.Inference.Threading;

/// <summary>
/// Threads that compute one operation after another: between operations they spin for a bounded time, because waking a
/// parked thread costs more than most operations, then they park, because other processes share the processor. Each
/// thread has its part of an operation; a part whose thread has not begun when the caller is done, the caller takes.
/// </summary>
public sealed class ComputePool : IDisposable
{
    // About 50 µs: longer than the gaps inside a token, shorter than anything a person or another process notices.
    private const int SpinsMax = 1_500;
    private const int PausesPerSpin = 4;

    // Below this many multiplications a second thread costs more than it brings.
    private const long CostOfFork = 16_384;

    private readonly Lock _gate = new();
    private readonly Worker[] _workers;
    private RangeAction? _action;
    private ExceptionDispatchInfo? _failure;
    private int _count;
    private readonly long[] _claims;
    private long _operation;
    private int _remaining;
    private int _callerParked;
    private int _stopped;
    private readonly SemaphoreSlim _callerSignal = new(0);

    /// <summary>Starts a pool that computes on the calling thread and <paramref name="threads"/> - 1 others.</summary>
    public ComputePool(int threads)
        : this(threads, Isa.Avx512)
    {
    }

    /// <summary>
    /// Starts a pool whose kernels pretend that the processor has no more than <paramref name="limit"/>.
    /// </summary>
    internal ComputePool(int threads, Isa limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Denormals.Check();
        Limit = limit;
        Threads = threads;
        _workers = new Worker[threads - 1];
        _claims = new long[threads];

        for (int part = 1; part < threads; part++)
        {
            _workers[part - 1] = new Worker(this, part);
        }
    }

    /// <summary>How many threads compute, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>The best instructions that kernels may use.</summary>
    internal Isa Limit { get; }

    /// <summary>Stops the workers. No operation may be under way.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            foreach (Worker worker in _workers)
            {
                worker.Dispose();
            }

            _callerSignal.Dispose();
        }
    }

    /// <summary>
    /// Computes <c>[0, count)</c> in equal ascending parts, one per thread, and returns when all are done.
    /// </summary>
    /// <param name="count">How many independent results: rows, heads or positions, never parts of a sum.</param>
    /// <param name="costOfEach">Multiplications that one result needs: is it worth a second thread?</param>
    /// <param name="action">Computes results first to last - 1.</param>
    internal void For(int count, long costOfEach, RangeAction action)
    {
        if (Threads == 1 || count == 1 || count * costOfEach < CostOfFork)
        {
            action(0, count);
            return;
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopped != 0, this);
            _action = action;
            _count = count;
            _failure = null;
            _remaining = _workers.Length;
            _ = Interlocked.Increment(ref _operation);

            foreach (Worker worker in _workers)
            {
                worker.Start();
            }

            Compute(0);

            for (int part = 1; part < Threads; part++)
            {
                if (Claim(part))
                {
                    Compute(part);
                    _ = Interlocked.Decrement(ref _remaining);
                }
            }

            Join();
            _failure?.Throw();
        }
    }

    // A part belongs to whoever first raises its claim to the operation's number. The operation cannot end, and the
    // next one cannot begin, before the part is done, so what a claimer reads afterwards is the operation's own.
    private bool Claim(int part)
    {
        long operation = Volatile.Read(ref _operation);
        long last = Volatile.Read(ref _claims[part]);
        return last < operation && Interlocked.CompareExchange(ref _claims[part], operation, last) == last;
    }

    private void Compute(int part)
    {
        int first = (int)((long)_count * part / Threads);
        int last = (int)((long)_count * (part + 1) / Threads);

        try
        {
            if (first < last)
            {
                _action!(first, last);
            }
        }
#pragma warning disable CA1031 // Carried to the caller's thread, whoever met it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _ = Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
        }
    }

    private void Join()
    {
        for (int spin = 0; spin < SpinsMax; spin++)
        {
            if (Volatile.Read(ref _remaining) == 0)
            {
                return;
            }

            Thread.SpinWait(PausesPerSpin);
        }

        // Whoever sets its side second sees the other's. A worker late from the operation before may wake us early, so
        // the count decides, not the signal; every raised flag is either lowered by us or answered by one signal.
        while (Volatile.Read(ref _remaining) != 0)
        {
            _ = Interlocked.Exchange(ref _callerParked, 1);

            if (Volatile.Read(ref _remaining) != 0 || Interlocked.Exchange(ref _callerParked, 0) == 0)
            {
                _callerSignal.Wait();
            }
        }
    }

    private void Finish()
    {
        if (Interlocked.Decrement(ref _remaining) == 0 && Interlocked.Exchange(ref _callerParked, 0) == 1)
        {
            _ = _callerSignal.Release();
        }
    }

    /// <summary>One thread of the pool: waits for a turn, computes its part, says so.</summary>
    private sealed class Worker : IDisposable
    {
        private const int Idle = 0;
        private const int Parked = 1;
        private const int Called = 2;
        private const int Ended = 3;

        private readonly ComputePool _pool;
        private readonly int _part;
        private readonly Thread _thread;
        private readonly SemaphoreSlim _signal = new(0);
        private int _state;

        public Worker(ComputePool pool, int part)
        {
            _pool = pool;
            _part = part;
            _thread = new Thread(Loop) { IsBackground = true, Name = $"compute {part}" };
            _thread.Start();
        }

        public void Start() => Call(Called);

        public void Dispose()
        {
            Call(Ended);
            _thread.Join();
            _signal.Dispose();
        }

        private void Call(int state)
        {
            if (Interlocked.Exchange(ref _state, state) == Parked)
            {
                _ = _signal.Release();
            }
        }

        private void Loop()
        {
            Denormals.Check();

            while (Await() != Ended)
            {
                if (_pool.Claim(_part))
                {
                    _pool.Compute(_part);
                    _pool.Finish();
                }
            }
        }

        private int Await()
        {
            for (int spin = 0; spin < SpinsMax; spin++)
            {
                if (Volatile.Read(ref _state) != Idle)
                {
                    return Take();
                }

                Thread.SpinWait(PausesPerSpin);
            }

            if (Interlocked.CompareExchange(ref _state, Parked, Idle) == Idle)
            {
                _signal.Wait();
            }

            return Take();
        }

        // A call that comes before this exchange is answered by the claim that follows, one after it by the next round.
        private int Take() => Interlocked.Exchange(ref _state, Idle);
    }
}
