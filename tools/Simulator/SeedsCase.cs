using Swarm.Testing;

namespace Swarm.Simulator;

/// <summary>Many small storms, each drawn by its seed: whatever is met too rarely is not tested.</summary>
public static class SeedsCase
{
    // A path that fewer seeds meet is as good as not there.
    private const double MetMin = 0.01;
    private const int ProgressEvery = 50;

    /// <summary>Runs the seeds from <see cref="SimulatorOptions.Seed"/> on; the first ones twice, for one history each.</summary>
    /// <exception cref="InvariantException">Something did not hold in one of them.</exception>
    public static List<Finding> Run(SimulatorOptions options, Watch watch)
    {
        var met = Storm.Faults.Concat(Storm.Recoveries).ToDictionary(path => path, _ => 0);
        long checks = 0;
        int different = 0;

        for (int i = 0; i < options.Seeds; i++)
        {
            StormOutcome outcome = Storm.Run(options.Seed + i);
            checks += outcome.Checks;
            different += i < options.SeedsTwice && Storm.Run(options.Seed + i).Trace != outcome.Trace ? 1 : 0;

            foreach (string path in outcome.Met.Where(met.ContainsKey))
            {
                met[path]++;
            }

            if ((i + 1) % ProgressEvery == 0)
            {
                Console.Error.WriteLine($"{i + 1,6} seeds, {checks} invariants held, {watch.RealSeconds:F0} s");
            }
        }

        var findings = new List<Finding>
        {
            new("seeds", $"{options.Seeds}"),
            Finding.AtMost(
                $"of {Math.Min(options.Seeds, options.SeedsTwice)} told twice, told otherwise", different, 0, ""),
            new("invariants held, so many times", $"{checks}"),
        };
        findings.AddRange(Storm.Faults.Select(path => Share("fault", path, met[path], options.Seeds)));
        findings.AddRange(Storm.Recoveries.Select(path => Share("recovery", path, met[path], options.Seeds)));
        return findings;
    }

    private static Finding Share(string kind, string path, int met, int seeds)
    {
        int least = Math.Max(1, (int)Math.Ceiling(MetMin * seeds));
        return new Finding($"{kind}: {path}", $"{(double)met / seeds:P1} of seeds", $">= {least} seeds", met >= least);
    }
}
