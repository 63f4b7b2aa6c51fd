using Swarm.Inference.Model;

namespace Swarm.Benchmarks;

/// <summary>Our prefill and generation beside another engine's on the same file, in turns.</summary>
internal static class EngineBenchmark
{
    public static void Run(EngineOptions options)
    {
        using var file = ModelFile.Open(options.Model);
        var memory = new MemoryRead();
        Console.WriteLine($"{Path.GetFileName(options.Model)}, prompt {options.Prompt}, generate {options.Generate}, "
            + $"{options.Rounds} rounds: median (least-most)");

        foreach (int threads in options.Threads)
        {
            Measure(options, file, memory, threads);
        }
    }

    private static void Measure(EngineOptions options, ModelFile file, MemoryRead memory, int threads)
    {
        using var engine = new OwnEngine(file, threads);
        _ = engine.Measure(Math.Min(options.Prompt, 64), Math.Min(options.Generate, 16));
        List<Rates> ours = [];
        List<Rates> theirs = [];
        List<double> reads = [];

        for (int round = 0; round < options.Rounds; round++)
        {
            reads.Add(memory.Measure(threads));
            ours.Add(engine.Measure(options.Prompt, options.Generate));

            if (options.Peer is not null)
            {
                theirs.Add(PeerEngine.Measure(options, threads));
            }
        }

        double read = Spread.Of(reads).Median;
        double generation = Spread.Of(ours.Select(rates => rates.Generation)).Median;
        double share = generation * engine.WeightBytes / 1e9 / read;
        Console.WriteLine();
        Console.WriteLine($"{threads} thread{(threads > 1 ? "s" : "")}: loaded {engine.WeightBytes / 1e6:F0} MB in "
            + $"{engine.LoadTime.TotalSeconds:F2} s, memory {Spread.Of(reads)} GB/s, generation uses {share:P0} of it");
        Report("prefill", ours.Select(rates => rates.Prefill), theirs.Select(rates => rates.Prefill));
        Report("generation", ours.Select(rates => rates.Generation), theirs.Select(rates => rates.Generation));
    }

    private static void Report(string what, IEnumerable<double> ours, IEnumerable<double> theirs)
    {
        var own = Spread.Of(ours);
        string line = $"  {what,-10} {own} tokens/s";

        if (theirs.Any())
        {
            var peer = Spread.Of(theirs);
            line += $"   peer {peer}   ratio {own.Median / peer.Median:F2}";
        }

        Console.WriteLine(line);
    }
}
