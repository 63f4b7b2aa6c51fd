using System.Diagnostics;
using System.Globalization;
using Swarm.Inference.Forward;
using Swarm.Inference.Measuring;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Benchmarks;

/// <summary>
/// How long a model takes to load, beside a plain read of its file in the same turn, and how long and how much memory
/// <c>swarm generate</c> takes from its start to the first token.
/// </summary>
internal static class StartBenchmark
{
    private const string Prompt = "Once upon a time there was a small";
    private const int ReadBytes = 1 << 20;

    public static void Run(StartOptions options)
    {
        List<double> reads = [];
        List<double> loads = [];
        List<double> starts = [];
        List<double> memory = [];
        long weights = 0;
        _ = ReadFile(options);

        for (int round = 0; round < options.Rounds; round++)
        {
            reads.Add(ReadFile(options));
            loads.Add(Load(options, ref weights));
            (double seconds, double megabytes) = StartProgram(options);
            starts.Add(seconds);
            memory.Add(megabytes);
        }

        double gigabytes = new FileInfo(options.Model).Length / 1e9;
        double allowed = Spread.Of(reads).Median + gigabytes;
        Console.WriteLine($"{Path.GetFileName(options.Model)}, {options.Threads} threads, {options.Rounds} rounds: "
            + "median (least-most)");
        Console.WriteLine($"  plain read of {gigabytes:F2} GB    {Seconds(reads)} s");
        Console.WriteLine($"  load                     {Seconds(loads)} s   aim {allowed:F2}: one read and 1 s per GB");
        Console.WriteLine($"  start to first token     {Seconds(starts)} s");
        Console.WriteLine($"  peak memory at that      {Spread.Of(memory)} MB   weights {weights / 1e6:F0} MB");
    }

    private static string Seconds(List<double> values)
    {
        var spread = Spread.Of(values);
        return $"{spread.Median:F2} ({spread.Least:F2}-{spread.Most:F2})";
    }

    private static double ReadFile(StartOptions options)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(options.Model);
        long length = RandomAccess.GetLength(file);
        var readers = new Thread[options.Threads];
        long start = Stopwatch.GetTimestamp();

        for (int part = 0; part < readers.Length; part++)
        {
            long at = length * part / readers.Length;
            long end = length * (part + 1) / readers.Length;
            readers[part] = new Thread(() =>
            {
                byte[] buffer = new byte[ReadBytes];

                for (long place = at; place < end; place += ReadBytes)
                {
                    _ = RandomAccess.Read(file, buffer, place);
                }
            });
            readers[part].Start();
        }

        Array.ForEach(readers, reader => reader.Join());
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Load(StartOptions options, ref long weights)
    {
        using var pool = new ComputePool(options.Threads);
        using var file = ModelFile.Open(options.Model);
        long start = Stopwatch.GetTimestamp();
        using var model = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        weights = model.WeightBytes;
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // The first byte on standard output is the first token's.
    private static (double Seconds, double Megabytes) StartProgram(StartOptions options)
    {
        string threads = options.Threads.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
            ["generate", "--local", "-m", options.Model, "-n", "24", "--temp", "0", "--threads", threads, Prompt];
        var info = new ProcessStartInfo(options.Swarm, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(info)!;
        _ = process.StandardError.ReadToEndAsync();
        int first = process.StandardOutput.BaseStream.ReadByte();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double megabytes = process.HasExited ? double.NaN : process.PeakWorkingSet64 / 1e6;
        _ = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return first >= 0
            ? (seconds, megabytes)
            : throw new InvalidOperationException($"{options.Swarm} ended with {process.ExitCode} and no text");
    }
}
