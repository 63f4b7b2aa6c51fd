using NUnit.Framework;
using Swarm.Simulator;

namespace Swarm.Simulation.Tests;

/// <summary>The simulator itself: one seed, one history, and faults that strike.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SwarmRunTests
{
    private const int Seeds = 50;

    [Test]
    public void Fifty_seeds_each_give_one_history_and_every_fault_and_every_recovery_is_met()
    {
        var met = new Dictionary<string, int>();

        for (int seed = 1; seed <= Seeds; seed++)
        {
            StormOutcome first = Storm.Run(seed);
            Assert.That(Storm.Run(seed).Trace, Is.EqualTo(first.Trace), $"seed {seed}");

            foreach (string path in first.Met)
            {
                met[path] = met.GetValueOrDefault(path) + 1;
            }
        }

        // One percent of fifty seeds is less than one.
        Assert.That(Storm.Faults.Concat(Storm.Recoveries).Where(path => met.GetValueOrDefault(path) < 1), Is.Empty);
    }

    [Test]
    public void A_case_that_draws_its_nodes_names_its_seeds_instead()
    {
        Assert.That(
            SimulatorOptions.Parse(["--case", "seeds", "--seeds", "5", "--seed", "3", "--nodes", "7"]).Title,
            Is.EqualTo("seeds, 3 to 7"));
        Assert.That(SimulatorOptions.Parse(["--nodes", "7"]).Title, Is.EqualTo("churn, 7 nodes, seed 1"));
    }

    [Test]
    public void Bad_options_are_refused_with_their_name([Values("--nodes", "--churn", "--oops")] string name)
        => Assert.That(
            () => SimulatorOptions.Parse([name, "many"]), Throws.ArgumentException.With.Message.Contains(name));

    [Test]
    public void A_small_swarm_under_churn_keeps_its_bars()
    {
        var options = new SimulatorOptions
        {
            Nodes = 100,
            Minutes = 4,
            HalfLife = 10,
            Lookups = 100,
            Publish = true,
            Seed = 3,
        };
        List<Finding> findings = Cases.Run(options, new Watch());
        Finding recall = findings.Single(finding => finding.What.StartsWith("recall", StringComparison.Ordinal));
        Finding read = findings.Single(finding => finding.What.StartsWith("retrievals with", StringComparison.Ordinal));

        Assert.That(recall.Holds, $"{recall}");
        Assert.That(read.Holds, $"{read}");
    }

    [Test]
    public void A_chart_has_a_panel_for_every_line_and_survives_having_no_points()
    {
        var chart = new Chart();
        chart.Add("one", 0, 1);
        chart.Add("one", 60, 2);
        chart.Add("other", 0, double.NaN);
        string svg = chart.ToSvg("both");

        Assert.That(svg, Does.Contain(">one<").And.Contain(">other<").And.Contain("<polyline"));
        Assert.That(() => System.Xml.Linq.XDocument.Parse(svg), Throws.Nothing);
    }
}
