using NUnit.Framework;
using Swarm.Simulator;

namespace Swarm.Simulation.Tests;

/// <summary>Small tellings of the simulator's stories: what they demand holds, and they demand something.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class CasesTests
{
    [Test]
    public void Clocks_that_agree_share_records_and_clocks_that_do_not_harm_nobody()
        => AssertHolds(new SimulatorOptions { Case = "clocks", Nodes = 60, Lookups = 120, Seed = 2 });

    [Test]
    public void Nodes_that_cannot_be_dialled_and_ways_of_one_direction_keep_nothing_from_being_found()
        => AssertHolds(new SimulatorOptions { Case = "oneway", Nodes = 60, Lookups = 120, Seed = 2 });

    [Test]
    public void Routes_are_planned_over_what_is_there_and_sessions_survive_the_deaths_of_their_stages()
        => AssertHolds(new SimulatorOptions { Case = "routes", Nodes = 18, Minutes = 1.5, HalfLife = 0, Seed = 2 });

    private static void AssertHolds(SimulatorOptions options)
    {
        List<Finding> findings = Cases.Run(options, new Watch());

        Assert.That(findings.Count(finding => finding.Bar is not null), Is.GreaterThanOrEqualTo(3));
        Assert.That(findings.Where(finding => !finding.Holds), Is.Empty);
    }
}
