using NUnit.Framework;
using Swarm.Dht.Routing;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulation.Tests;

/// <summary>What ends a simulation: an invariant that does not hold is noticed, and says how to see it again.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class InvariantTests
{
    [Test]
    public void What_does_not_hold_ends_the_run_with_its_seed_and_what_happened_before()
    {
        var loop = new SimulationLoop(7);

        InvariantException? broken = Assert.Throws<InvariantException>(() => loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            using var invariants = DhtInvariants.Watch(swarm, "case of a test,");
            swarm.Populate(6);
            await swarm.WaitAsync(3);
            Assert.That(invariants.Checks, Is.GreaterThan(100));
            swarm.Members[0].Kill();
            (DhtMember one, DhtMember other) = (swarm.Members[1], swarm.Members[2]);
            var contact = new Contact(other.Id, [other.Address with { Node = other.Id }]);
            _ = one.Dht.Table.OnAnswer(contact, TimeSpan.FromHours(1), TimeSpan.Zero);
            await swarm.WaitAsync(60);
        }));

        Assert.That(broken!.Message, Does.Contain("case of a test, seed 7").And.Contain("in the future"));
        Assert.That(broken.Message, Does.Contain(" kill "), "what struck before");
    }

    [Test]
    public void Of_one_network_no_more_than_allowed_enter_a_table_whoever_dies()
    {
        var loop = new SimulationLoop(11);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop, network: new SimulatedNetworkOptions { HostsPerNetwork = 60 });
            using var invariants = DhtInvariants.Watch(swarm, "one network,");
            await swarm.JoinAllAsync(40);

            for (int i = 0; i < 15; i++)
            {
                swarm.Pick().Kill(silently: i % 2 == 0);
                await swarm.WaitAsync(20);
            }
        });
    }
}
