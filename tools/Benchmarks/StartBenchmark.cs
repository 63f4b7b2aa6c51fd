using System.Diagnostics;
using System.Globalization;
using Swarm.Inference.Forward;
using Swarm.Inference.Measuring;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Inference.Threading;

namespace Swarm.Benchmarks;

/// <summary>
/// How long a model takes to load, beside a plain read of its file in the same turn, and how long and how much memory
/// <c>swarm generate</c> takes from its start to the first token.
/// </summary>
internal static class StartBenchmark
{
    private const string Prompt = "Once upon a time there was a small";
    private const int Tokens = 24;
    private const int ReadBytes = 1 << 20;

    // What a start may take at most: seconds to the first token, and memory beside the tensors and the cache.
    private const double FirstTokenSeconds = 2.5;
    private const double TensorShare = 1.1;
    private const double OtherMegabytes = 150;

    public static void Run(StartOptions options)
    {
        List<double> reads = [];
        List<double> loads = [];
        List<double> starts = [];
        List<double> memory = [];
        double megabytesMost = MegabytesMost(options);
        _ = ReadFile(options);

        for (int round = 0; round < options.Rounds; round++)
        {
            reads.Add(ReadFile(options));
            loads.Add(Load(options));
            (double seconds, double megabytes) = StartProgram(options);
            starts.Add(seconds);
            memory.Add(megabytes);
        }

        double gigabytes = new FileInfo(options.Model).Length / 1e9;
        double loadMost = Spread.Of(reads).Median + gigabytes;
        Console.WriteLine($"{Path.GetFileName(options.Model)}, {options.Threads} threads, {options.Rounds} rounds: "
            + "median (least-most)");
        Console.WriteLine($"  plain read of {gigabytes:F2} GB    {Seconds(reads)} s");
        Console.WriteLine(
            $"  load                     {Seconds(loads)} s   {Bar(loads, loadMost)}: one read and 1 s per GB");
        Console.WriteLine($"  start to first token     {Seconds(starts)} s   {Bar(starts, FirstTokenSeconds)}");
        Console.WriteLine($"  peak memory at that      {Spread.Of(memory)} MB   {Bar(memory, megabytesMost)}: "
            + $"{TensorShare} x the tensors, keys and values, {OtherMegabytes} MB");
    }

    // A median that was not measured misses, too.
    private static string Bar(List<double> values, double most) => string.Create(
        CultureInfo.InvariantCulture, $"{(Spread.Of(values).Median <= most ? "ok" : "missed")}, at most {most:F2}");

    private static double MegabytesMost(StartOptions options)
    {
        using var file = ModelFile.Open(options.Model);
        BlockRange all = file.Config.AllBlocks;
        int positions = Tokenizer.Create(file).Encode(Prompt, addSpecial: true, parseSpecial: false).Length + Tokens;
        long cache = (positions * ModelSpan.KvBytesPerPosition(file.Config, all, KvCacheType.F16))
            + ModelSpan.StateBytes(file.Config, all);
        return (((TensorShare * file.SpanBytes(all)) + cache) / 1e6) + OtherMegabytes;
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

    private static double Load(StartOptions options)
    {
        using var pool = new ComputePool(options.Threads);
        using var file = ModelFile.Open(options.Model);
        long start = Stopwatch.GetTimestamp();
        using var model = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // The first byte on standard output is the first token's.
    private static (double Seconds, double Megabytes) StartProgram(StartOptions options)
    {
        string threads = options.Threads.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
            ["generate", "--local", "-m", options.Model, "-n", $"{Tokens}", "--temp", "0", "--threads", threads, Prompt];
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
