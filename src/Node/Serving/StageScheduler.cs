using System.Threading.Channels;
using Swarm.Node.Execution;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>Gathers the steps of several sessions that are ready together into one batch, and measures them.</summary>
public sealed class StageScheduler : IAsyncDisposable
{
    /// <summary>Rows in a batch: beyond it a prompt only makes its neighbours wait.</summary>
    private const int RowsMax = 512;

    // Rows from which a step counts as a prompt's: the weights' traffic is then shared by many tokens.
    private const int PromptRows = 8;
    private const double Smoothing = 0.2;

    private readonly IBlockEngine _engine;
    private readonly IComputeExecutor _executor;
    private readonly TimeProvider _time;
    private readonly Channel<Job> _jobs;
    private readonly Task _loop;
    private int _waiting;

    /// <summary>Starts to gather.</summary>
    /// <param name="engine">What computes.</param>
    /// <param name="executor">Where.</param>
    /// <param name="time">Measures.</param>
    /// <param name="jobsMax">Sessions whose steps may wait at once.</param>
    public StageScheduler(IBlockEngine engine, IComputeExecutor executor, TimeProvider time, int jobsMax)
    {
        _engine = engine;
        _executor = executor;
        _time = time;
        _jobs = Channel.CreateBounded<Job>(new BoundedChannelOptions(jobsMax) { SingleReader = true });
        _loop = RunAsync();
    }

    /// <summary>Steps that wait for their turn or compute.</summary>
    public int QueueDepth => Volatile.Read(ref _waiting);

    /// <summary>Measured: one token through one block; zero before the first.</summary>
    public double DecodePerBlockMs { get; private set; }

    /// <summary>Measured: one token of a prompt through one block; zero before the first.</summary>
    public double PrefillPerBlockMs { get; private set; }

    /// <summary>Computes a slice, alone or among others; the result is the same.</summary>
    /// <exception cref="ArithmeticException">This slice's values left the finite numbers.</exception>
    public Task ComputeAsync(BlockSlice slice) => AddAsync(new Job(slice, null));

    /// <summary>Draws a token from the last row of a slice that was computed, alone or among others.</summary>
    /// <exception cref="ArithmeticException">A logit left the finite numbers.</exception>
    public async Task<int> DrawAsync(ReadOnlyMemory<float> row, ReadOnlyMemory<int> ids, Sampling sampling)
    {
        var draw = new TokenDraw(row, ids, sampling);
        await AddAsync(new Job(null, draw));
        return draw.Fault is null ? draw.Id : throw draw.Fault;
    }

    /// <summary>Ends when what was begun is computed.</summary>
    public async ValueTask DisposeAsync()
    {
        _ = _jobs.Writer.TryComplete();
        await _loop;
    }

    private async Task AddAsync(Job job)
    {
        _ = Interlocked.Increment(ref _waiting);

        try
        {
            await _jobs.Writer.WriteAsync(job);
            await job.Done.Task;
        }
        finally
        {
            _ = Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task RunAsync()
    {
        Job? next = null;

        while (next is not null || await _jobs.Reader.WaitToReadAsync())
        {
            List<Job> batch = Gather(ref next);

            if (batch.Count == 0)
            {
                continue;
            }

            if (batch[0].Draw is null)
            {
                await RunBatchAsync(batch);
            }
            else
            {
                await DrawBatchAsync(batch);
            }
        }
    }

    // Draws go together, and slices go together: the head is no part of a pass through the blocks.
    private List<Job> Gather(ref Job? next)
    {
        var batch = new List<Job>();
        int rows = 0;

        while (next is not null || _jobs.Reader.TryRead(out next))
        {
            int more = next.Slice?.Tokens.Length ?? 1;

            if (batch.Count > 0 && (rows + more > RowsMax || next.Draw is null != batch[0].Draw is null))
            {
                break;
            }

            batch.Add(next);
            rows += more;
            next = null;
        }

        return batch;
    }

    private async Task DrawBatchAsync(List<Job> batch)
    {
        TokenDraw[] draws = [.. batch.Select(job => job.Draw!)];

        try
        {
            await _executor.RunAsync(() => _engine.Draw(draws), draws.Length, 1);
            batch.ForEach(job => job.Done.SetResult());
        }
#pragma warning disable CA1031 // whatever it throws belongs to the sessions that asked
        catch (Exception exception)
#pragma warning restore CA1031
        {
            batch.ForEach(job => job.Done.SetException(exception));
        }
    }

    private async Task RunBatchAsync(List<Job> batch)
    {
        BlockSlice[] slices = [.. batch.Select(job => job.Slice!)];
        int[] lengths = [.. slices.Select(slice => slice.Cache.Length)];
        float[][] inputs = batch.Count > 1 ? [.. slices.Select(slice => slice.Rows.ToArray())] : [];
        int rows = slices.Sum(slice => slice.Tokens.Length);
        int blocks = slices.Max(slice => slice.Blocks.Count);
        long started = _time.GetTimestamp();

        try
        {
            await _executor.RunAsync(() => _engine.Run(slices), rows, blocks);
            Measure(_time.GetElapsedTime(started), rows, batch.Count, blocks);
            batch.ForEach(job => job.Done.SetResult());
        }
        catch (ArithmeticException) when (batch.Count > 1)
        {
            // One session's values must not become another's fault: each runs again by itself.
            for (int i = 0; i < batch.Count; i++)
            {
                slices[i].Cache.Truncate(Math.Min(lengths[i], slices[i].Cache.Length));
                inputs[i].CopyTo(slices[i].Rows);
                BlockSlice slice = slices[i];
                await RunAsync(batch[i], () => _engine.Run([slice]), slice.Tokens.Length, slice.Blocks.Count);
            }
        }
#pragma warning disable CA1031 // whatever it throws belongs to the sessions that asked
        catch (Exception exception)
#pragma warning restore CA1031
        {
            batch.ForEach(job => job.Done.SetException(exception));
        }
    }

    private async Task RunAsync(Job job, Action work, int rows, int blocks)
    {
        try
        {
            await _executor.RunAsync(work, rows, blocks);
            job.Done.SetResult();
        }
#pragma warning disable CA1031 // whatever it throws belongs to the session that asked
        catch (Exception exception)
#pragma warning restore CA1031
        {
            job.Done.SetException(exception);
        }
    }

    private void Measure(TimeSpan elapsed, int rows, int sessions, int blocks)
    {
        double perBlockMs = elapsed.TotalMilliseconds / blocks;

        if (rows >= PromptRows * sessions)
        {
            PrefillPerBlockMs = Smooth(PrefillPerBlockMs, perBlockMs / rows);
        }
        else
        {
            DecodePerBlockMs = Smooth(DecodePerBlockMs, perBlockMs);
        }
    }

    private static double Smooth(double known, double measured)
        => known == 0 ? measured : known + (Smoothing * (measured - known));

    private sealed record Job(BlockSlice? Slice, TokenDraw? Draw)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
