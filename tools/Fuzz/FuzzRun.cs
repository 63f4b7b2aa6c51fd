using System.Diagnostics;
using System.Globalization;

namespace Swarm.Fuzz;

/// <summary>
/// Reads one input after the other on a thread of its own, with a small stack, and watches it: a case that takes too
/// long, allocates too much or throws what it must not ends the run.
/// </summary>
internal sealed class FuzzRun(IFuzzTarget target, int seed)
{
    // The main thread's stack on Windows.
    private const int StackBytes = 1 << 20;

    // Hundreds of times what the slowest case takes on a quiet machine.
    private static readonly TimeSpan CaseDeadline = TimeSpan.FromSeconds(30);

    // What a run holds after a second and what it holds at its end may differ by tables that grow once.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private const long GrowthBytesMax = 16 << 20;

    private readonly string _crashPath = Path.Combine(
        Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"swarm-fuzz-{target.Name}-{seed}.case"));

    private long _case = -1;
    private long _caseStarted;
    private byte[]? _input;

    /// <summary>Reads inputs for a while; whether all went well.</summary>
    public bool For(TimeSpan time)
    {
        long started = Stopwatch.GetTimestamp();

        // A crash leaves no time for words: the number of the case is already there when it begins.
        Console.WriteLine($"{target.Name}: seed {seed}, for {time.TotalSeconds:0} s; "
            + $"the case of a crash is in {_crashPath}");
        using var crash = new FileStream(_crashPath, FileMode.Create, FileAccess.Write, FileShare.Read, 0);

        void ReadFor(TimeSpan most)
        {
            while (Stopwatch.GetElapsedTime(started) < most)
            {
                long index = _case + 1;
                crash.Position = 0;
                crash.Write(BitConverter.GetBytes(index));
                Try(Make(index), index);
            }
        }

        bool well = Watch(() =>
        {
            ReadFor(time < WarmUp ? time : WarmUp);
            long before = GC.GetTotalMemory(forceFullCollection: true);
            ReadFor(time);
            long growth = GC.GetTotalMemory(forceFullCollection: true) - before;

            if (growth > GrowthBytesMax)
            {
                throw new InvalidOperationException($"{growth:N0} bytes more are held than a second after the start.");
            }
        });
        Summarize(Stopwatch.GetElapsedTime(started), well);
        return well;
    }

    private void Summarize(TimeSpan time, bool well)
    {
        long inputs = (_case + 1) * target.InputsPerCase;
        long peak = Process.GetCurrentProcess().PeakWorkingSet64;
        string end = well ? "none failed" : "the last one failed";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name}: seed {seed}, {inputs:N0} in {time.TotalSeconds:0.0} s, "
            + $"{inputs / time.TotalSeconds:N0}/s, peak {peak >> 20} MiB, {end}"));
    }

    /// <summary>Reads one input of this seed; whether it went well.</summary>
    public bool One(int index) => One(Make(index), index);

    /// <summary>Reads one input; whether it went well.</summary>
    public bool One(byte[] input) => One(input, 0);

    private bool One(byte[] input, int index)
    {
        bool well = Watch(() => Try(input, index));
        Console.WriteLine($"{target.Name}: {(well ? "went well" : "failed")}");
        return well;
    }

    private byte[] Make(long index) => target.Make(new Random(HashCode(seed, index)));

    private static int HashCode(int seed, long index)
    {
        ulong mixed = (((ulong)(uint)seed << 32) ^ (ulong)index) * 0x9E37_79B9_7F4A_7C15;
        return (int)(mixed >> 32);
    }

    private void Try(byte[] input, long index)
    {
        _input = input;
        _ = Interlocked.Exchange(ref _caseStarted, Stopwatch.GetTimestamp());
        Volatile.Write(ref _case, index);
        long before = GC.GetAllocatedBytesForCurrentThread();
        target.Read(input);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        long most = target.AllocatedBytesMax(input.Length);

        if (allocated > most)
        {
            throw new InvalidOperationException($"{allocated:N0} bytes were allocated, {most:N0} are allowed.");
        }
    }

    private bool Watch(Action work)
    {
        Exception? failure = null;
        var worker = new Thread(
            () =>
            {
                try
                {
                    work();
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            },
            StackBytes);
        _caseStarted = Stopwatch.GetTimestamp();
        worker.Start();

        while (!worker.Join(TimeSpan.FromSeconds(1)))
        {
            if (Stopwatch.GetElapsedTime(Interlocked.Read(ref _caseStarted)) > CaseDeadline)
            {
                Report(new TimeoutException($"it takes more than {CaseDeadline.TotalSeconds:0} s."));
                Environment.Exit(1);
            }
        }

        if (failure is not null)
        {
            Report(failure);
        }

        return failure is null;
    }

    private void Report(Exception failure)
    {
        string path = Path.Combine(
            Path.GetTempPath(),
            string.Create(CultureInfo.InvariantCulture, $"swarm-fuzz-{target.Name}-{seed}-{_case}.input"));
        File.WriteAllBytes(path, _input ?? []);
        Console.Error.WriteLine($"{target.Name}: seed {seed}, case {_case} failed:");
        Console.Error.WriteLine(failure);
        Console.Error.WriteLine($"Repeat it with: tools/fuzz {target.Name} --input {path}");
    }
}
