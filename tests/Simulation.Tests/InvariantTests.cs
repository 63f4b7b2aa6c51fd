using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Kademlia;
using Contact = Swarm.Dht.Routing.Contact;

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

    [Test]
    public void Credit_that_nobody_gave_ends_the_run()
    {
        var loop = new SimulationLoop(13);

        InvariantException? broken = Assert.Throws<InvariantException>(() => loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            using var invariants = DhtInvariants.Watch(swarm, "credit,");
            await swarm.JoinAllAsync(3);
            (DhtMember one, DhtMember other) = (swarm.Members[1], swarm.Members[2]);
            var link = (MemoryLink)await one.Links.GetAsync(other.Address, default);
            var stream = (MemoryLinkStream)await link.OpenAsync(StreamPriority.Decode, default);
            link.Peer.Send(new MemoryPacket(MemoryPacketKind.Credit, stream.Number) { Credit = 1000 });
            link.Peer.Flush();
            await swarm.WaitAsync(5);
        }));

        Assert.That(broken!.Message, Does.Contain($"has {(1 << 20) + 1000} bytes of credit"));
    }

    [Test]
    public void Credit_is_neither_lost_nor_made_whatever_is_sent_and_however_late_it_is_read([Range(1, 5)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop, network: new SimulatedNetworkOptions { StallRate = 0.05 });
            using var invariants = DhtInvariants.Watch(swarm, "credit,");
            DhtMember reader = swarm.Add();
            int read = 0;
            reader.Links.Handle(Envelope.BodyOneofCase.Step, async (_, stream, cancel) =>
            {
                do
                {
                    await swarm.WaitAsync(0.2 * loop.Random.NextDouble());
                    await stream.ReadPayloadAsync(new byte[stream.PayloadLength], cancel);
                    invariants.Check(reader);
                    read++;
                }
                while (await stream.ReceiveAsync(cancel) is not null);
            });
            _ = await reader.StartAsync([]);
            DhtMember writer = await swarm.JoinAsync();
            ILink link = await writer.Links.GetAsync(reader.Address, default);
            await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
            {
                await using ILinkStream stream = await link.OpenAsync(StreamPriority.Decode, default);

                for (int i = 0; i < 20; i++)
                {
                    byte[] payload = new byte[loop.Random.Next(i % 4 == 0 ? 3 << 20 : 100_000)];
                    await stream.SendAsync(new Envelope { Step = new Step { Epoch = 1 } }, payload, default);
                    invariants.Check(writer);
                    invariants.Check(reader);
                }

                await stream.EndAsync(default);
                Assert.That(await stream.ReceiveAsync(default), Is.Null);
            }));

            Assert.That(read, Is.EqualTo(60));
        });
    }
}
