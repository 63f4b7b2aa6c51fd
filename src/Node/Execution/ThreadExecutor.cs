using System.Collections.Concurrent;

namespace Swarm.Node.Execution;

/// <summary>One thread that runs one piece of compute after the other; the pool below it spreads each out.</summary>
public sealed class ThreadExecutor : IComputeExecutor, IDisposable
{
    // A scheduler has one batch in flight per model, so this is never full in practice; it only may not be endless.
    private const int JobsMax = 256;

    private readonly BlockingCollection<Job> _jobs = new(JobsMax);
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    public ThreadExecutor()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "swarm compute" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public Task RunAsync(Action work, int rows, int blocks)
    {
        var job = new Job(work);
        _jobs.Add(job);
        return job.Done.Task;
    }

    /// <summary>Ends the thread after what it was given.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        _thread.Join();
        _jobs.Dispose();
    }

    private void Work()
    {
        foreach (Job job in _jobs.GetConsumingEnumerable())
        {
            job.Run();
        }
    }

    private sealed class Job(Action work)
    {
        // Whoever waits goes on elsewhere: this thread only computes.
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Run()
        {
            try
            {
                work();
                Done.SetResult();
            }
#pragma warning disable CA1031 // whatever it throws belongs to whoever asked for the work
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Done.SetException(exception);
            }
        }
    }
}
