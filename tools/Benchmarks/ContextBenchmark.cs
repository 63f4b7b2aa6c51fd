using Swarm.Inference.Forward;
using Swarm.Inference.Measuring;
using Swarm.Inference.Model;

namespace Swarm.Benchmarks;

/// <summary>Prefill and generation with a long context, beside both with a short one, in turns.</summary>
internal static class ContextBenchmark
{
    public static void Run(ContextOptions options)
    {
        using var file = ModelFile.Open(options.Model);
        using var engine = new EngineMeter(file, options.Threads, TimeProvider.System);
        using KvCache filled = engine.NewCache(options.Long + options.Generate, options.Kv);
        using KvCache other = engine.NewCache(Math.Max(options.Short, options.Generate), options.Kv);
        _ = engine.Feed(other, 64);
        _ = engine.Generate(filled, 16);
        List<double> prefillLong = [];
        List<double> prefillShort = [];
        List<double> generationLong = [];
        List<double> generationEmpty = [];

        for (int round = 0; round < options.Rounds; round++)
        {
            other.Truncate(0);
            prefillShort.Add(engine.Feed(other, options.Short));
            filled.Truncate(0);
            prefillLong.Add(engine.Feed(filled, options.Long));
            other.Truncate(0);
            generationEmpty.Add(engine.Generate(other, options.Generate));
            generationLong.Add(engine.Generate(filled, options.Generate));
        }

        Console.WriteLine($"{Path.GetFileName(options.Model)}, {options.Threads} threads, cache {options.Kv}, "
            + $"{options.Rounds} rounds: median (least-most)");
        Report($"prefill of {options.Long} beside {options.Short}", prefillLong, prefillShort);
        Report($"generation after {options.Long} beside after none", generationLong, generationEmpty);
    }

    private static void Report(string what, List<double> far, List<double> near)
    {
        var ratio = Spread.Of(far.Zip(near, (left, right) => left / right));
        Console.WriteLine($"  {what,-40} {Spread.Of(far)} of {Spread.Of(near)} tokens/s   "
            + $"ratio {ratio.Median:F2} ({ratio.Least:F2}-{ratio.Most:F2})");
    }
}
