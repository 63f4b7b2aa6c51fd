using Swarm.Inference.Measuring;
using Swarm.Inference.Model;

namespace Swarm.Benchmarks;

/// <summary>Our prefill and generation beside another engine's on the same file, in turns.</summary>
internal static class EngineBenchmark
{
    public static void Run(EngineOptions options)
    {
        using var file = ModelFile.Open(options.Model);
        using var memory = new MemoryRead();
        Console.WriteLine($"{Path.GetFileName(options.Model)}, prompt {options.Prompt}, generate {options.Generate}, "
            + $"{options.Rounds} rounds: median (least-most)");

        foreach (int threads in options.Threads)
        {
            Measure(options, file, memory, threads);
        }
    }

    /// <summary>One run: prompt, generation, and generation for several sessions, each from an empty cache.</summary>
    private static Rates Own(EngineMeter engine, EngineOptions options) => new(
        engine.Prefill(options.Prompt),
        engine.Together(1, options.Generate),
        [.. options.Sessions.Select(sessions => engine.Together(sessions, options.Generate))]);

    private static void Measure(EngineOptions options, ModelFile file, MemoryRead memory, int threads)
    {
        using var engine = new EngineMeter(file, threads, TimeProvider.System);
        _ = Own(engine, options with { Prompt = Math.Min(options.Prompt, 64), Generate = 16 });
        List<Rates> ours = [];
        List<Rates>[] theirs = [.. options.Rivals.Select(_ => new List<Rates>())];
        List<double> reads = [];

        for (int round = 0; round < options.Rounds; round++)
        {
            reads.Add(memory.Measure(engine.Pool, TimeProvider.System));
            ours.Add(Own(engine, options));

            for (int rival = 0; rival < theirs.Length; rival++)
            {
                theirs[rival].Add(options.Rivals[rival].Measure(options, threads));
            }
        }

        double read = Spread.Of(reads).Median;
        double generation = Spread.Of(ours.Select(rates => rates.Generation)).Median;
        double share = generation * engine.WeightBytes / 1e9 / read;
        Console.WriteLine();
        Console.WriteLine($"{threads} thread{(threads > 1 ? "s" : "")}: loaded {engine.WeightBytes / 1e6:F0} MB in "
            + $"{engine.LoadTime.TotalSeconds:F2} s, memory {Spread.Of(reads)} GB/s, generation uses {share:P0} of it");
        Report("prefill", rates => rates.Prefill);
        Report("generation", rates => rates.Generation);

        for (int width = 0; width < options.Sessions.Length; width++)
        {
            int at = width;
            Report($"{options.Sessions[width]} together", rates => at < rates.Together.Count ? rates.Together[at] : 0);
        }

        void Report(string what, Func<Rates, double> rate)
        {
            var own = Spread.Of(ours.Select(rate));
            Console.Write($"  {what,-12} {own} tokens/s");

            for (int rival = 0; rival < theirs.Length; rival++)
            {
                var other = Spread.Of(theirs[rival].Select(rate));

                if (other.Median > 0)
                {
                    Console.Write($"   {options.Rivals[rival].Name} {other}: {own.Median / other.Median:F2}x");
                }
            }

            Console.WriteLine();
        }
    }
}
