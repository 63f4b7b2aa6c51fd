using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Testing;

namespace Swarm.Node.Tests.Reaching;

/// <summary>Nodes find out whether others can dial them, and serve the DHT only if so.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ReachabilityStories
{
    [Test]
    public void A_node_nobody_can_dial_becomes_a_client_that_holds_nothing_and_is_in_no_table([Values(1, 2)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new ReachSwarm(loop);

            for (int i = 0; i < 5; i++)
            {
                _ = await swarm.JoinAsync();
            }

            ReachSwarm.ReachMember hidden = await swarm.JoinAsync(hidden: true);
            await swarm.WaitAsync(30);

            Assert.That(hidden.Dht.IsServer, Is.False, $"seed {seed}");
            Assert.That(hidden.Transport.Hello.Server, Is.False);
            Assert.That(hidden.Dht.Status.RecordsHeld, Is.Zero);
            Assert.That(hidden.Dht.Status.Contacts, Is.EqualTo(5), "it knows the others");
            Assert.That(swarm.Members.Where(other => other.Dht.Knows(hidden.Id)), Is.Empty, $"seed {seed}");
            Assert.That(
                swarm.Members.Where(other => other != hidden).Select(other => other.Dht.IsServer), Is.All.True);

            // What it publishes is held by the others, and it holds nothing of theirs.
            _ = await hidden.Dht.PublishAsync(hidden.Id, "word"u8.ToArray(), TimeSpan.FromSeconds(60), default);
            _ = await swarm.Members[1].Dht.PublishAsync(
                hidden.Id, "other"u8.ToArray(), TimeSpan.FromSeconds(60), default);
            Assert.That(await swarm.Members[2].Dht.FindRecordsAsync(hidden.Id, default), Has.Count.EqualTo(2));
            Assert.That(hidden.Dht.Status.RecordsHeld, Is.Zero);

            // Somebody opens the port: at the next look it serves again.
            swarm.Network.Open(hidden.Id);
            await swarm.WaitAsync(17 * 60);
            Assert.That(hidden.Dht.IsServer, $"seed {seed}");
            await hidden.Dht.FindNodesAsync(hidden.Id, default);
            await swarm.WaitAsync(30);
            Assert.That(swarm.Members.Count(other => other.Dht.Knows(hidden.Id)), Is.EqualTo(5), $"seed {seed}");
        });
    }

    [Test]
    public void A_node_that_is_alone_serves_until_somebody_proves_it_wrong()
    {
        var loop = new SimulationLoop(3);
        loop.Run(async () =>
        {
            var swarm = new ReachSwarm(loop);
            ReachSwarm.ReachMember first = await swarm.JoinAsync();
            await swarm.WaitAsync(60);
            Assert.That(first.Dht.IsServer);

            ReachSwarm.ReachMember second = await swarm.JoinAsync(hidden: true);
            await swarm.WaitAsync(30);
            Assert.That(first.Dht.IsServer);
            Assert.That(second.Dht.IsServer, Is.False);
        });
    }

    [Test]
    public void A_home_whose_way_out_fails_is_one_swarm_again_within_two_minutes()
    {
        var loop = new SimulationLoop(5);
        loop.Run(async () =>
        {
            var swarm = new ReachSwarm(loop);
            ReachSwarm.ReachMember outside = await swarm.JoinAsync();
            ReachSwarm.ReachMember neighbour = await swarm.JoinAsync();
            ReachSwarm.ReachMember home = await swarm.JoinAsync(hidden: true, prepare: member =>
                member.Links.LinkUp += link =>
                {
                    if (link.Remote == outside.Id)
                    {
                        link.RemoteHello.Observed = new Address { Host = "5.5.5.1", Port = 4747 };
                    }
                });
            _ = await home.Links.GetAsync(swarm.Network.AddressOf(neighbour.Id), default);
            await swarm.WaitAsync(60);
            Assert.That(home.Dht.IsServer, Is.False, "nobody on the internet comes through");

            // The neighbour always could, and was not asked.
            swarm.Network.Open(home.Id);
            await swarm.WaitAsync(60);
            Assert.That(home.Dht.IsServer, Is.False);
            swarm.Network.Kill(outside.Id);
            await swarm.WaitAsync(120);
            Assert.That(home.Dht.IsServer);
            Assert.That(neighbour.Dht.Knows(home.Id));
        });
    }

    [Test]
    public void Peers_that_only_pretend_to_have_dialled_prove_nothing()
    {
        var loop = new SimulationLoop(4);
        loop.Run(async () =>
        {
            var swarm = new ReachSwarm(loop);
            ReachSwarm.ReachMember honest = await swarm.JoinAsync();
            var liarKey = Protocol.Identity.NodeKey.Create();
            var liar = new Protocol.Transport.LinkPool(
                swarm.Network.Attach(liarKey.Id, TestIdentity.Hello("test")), liarKey.Id, loop.Clock);
            liar.Handle(Envelope.BodyOneofCase.DialBack, async (_, stream, cancel) =>
            {
                var lie = new DialledBack { Reached = true };
                await stream.SendAsync(new Envelope { DialledBack = lie }, default, cancel);
                await stream.EndAsync(cancel);
            });
            _ = liar.RunAsync(default);
            ReachSwarm.ReachMember hidden = await swarm.JoinAsync(hidden: true);
            _ = await hidden.Links.GetAsync(swarm.Network.AddressOf(liarKey.Id), default);
            await swarm.WaitAsync(60);

            Assert.That(hidden.Dht.IsServer, Is.False);
            Assert.That(honest.Dht.IsServer);
        });
    }
}
