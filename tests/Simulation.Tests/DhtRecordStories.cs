using NUnit.Framework;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulation.Tests;

/// <summary>What a node says is found by all, for as long as it stands by it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class DhtRecordStories
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);
    private static readonly byte[] Word = [1, 2, 3];
    private static readonly byte[] Other = [4, 5];
    private static readonly byte[] Tombstone = [0];

    [Test]
    public void What_one_node_publishes_every_node_finds_at_once_and_ten_minutes_later()
        => Play(1, async swarm =>
        {
            await swarm.JoinAllAsync(60);
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            Publication publication = await publisher.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            Assert.That(publication.Holders, Is.EqualTo(swarm.Options.Replicas));

            foreach (double wait in (double[])[0, 600])
            {
                await swarm.WaitAsync(wait);

                foreach (DhtMember reader in swarm.Members)
                {
                    FoundRecord found = (await DhtSwarm.ReadAsync(reader, key)).Single();
                    Assert.That(found.Signer, Is.EqualTo(publisher.Id));
                    Assert.That(found.Value.ToArray(), Is.EqualTo(Word));
                }
            }

            Assert.That(HoldersOf(swarm, key), Is.SupersetOf(swarm.Nearest(key, swarm.Options.Replicas)));
        });

    [Test]
    public void A_record_outlives_its_publisher_by_its_lease_and_no_longer([Values] bool silently)
        => Play(2, async swarm =>
        {
            await swarm.JoinAllAsync(60);
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            _ = await publisher.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            await swarm.WaitAsync(300);
            publisher.Kill(silently);

            // Renewed at most 72 s ago.
            await swarm.WaitAsync(40);
            Assert.That(await DhtSwarm.ReadAsync(swarm.Pick(), key), Has.Exactly(1).Items);
            await swarm.WaitAsync(Lease.TotalSeconds - 40);

            foreach (DhtMember reader in swarm.Members)
            {
                Assert.That(await DhtSwarm.ReadAsync(reader, key), Is.Empty);
            }
        });

    [Test]
    public void An_update_and_a_tombstone_are_seen_at_once_by_all()
        => Play(3, async swarm =>
        {
            await swarm.JoinAllAsync(60);
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            Publication publication = await publisher.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);

            _ = await publication.UpdateAsync(Other, CancellationToken.None);
            await AllReadAsync(swarm, key, Other);
            _ = await publication.WithdrawAsync(Tombstone, CancellationToken.None);
            await AllReadAsync(swarm, key, Tombstone);
            Assert.That(publisher.Dht.Status.Publications, Is.Zero);

            // Nothing older comes back, and in the end nothing is left.
            await swarm.WaitAsync(130);
            await AllReadAsync(swarm, key, Tombstone);
            await swarm.WaitAsync(120);
            Assert.That(await DhtSwarm.ReadAsync(swarm.Pick(), key), Is.Empty);
        });

    [Test]
    public void Sixty_publishers_under_one_key_are_all_read_and_no_holder_is_asked_twice()
        => Play(4, async swarm =>
        {
            await swarm.JoinAllAsync(60);
            NodeId key = swarm.PickPoint();
            byte[] large = new byte[1024];

            foreach (DhtMember publisher in swarm.Members)
            {
                _ = await publisher.Dht.PublishAsync(key, large, Lease, CancellationToken.None);
            }

            DhtMember reader = swarm.Pick();
            long before = reader.Dht.TrafficFor(DhtPurpose.Search).Requests;
            IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(reader, key);
            Assert.That(
                found.Select(record => record.Signer),
                Is.EqualTo(swarm.Members.Select(member => member.Id).Order()));

            // What one holder gives fills five messages.
            Assert.That(
                reader.Dht.TrafficFor(DhtPurpose.Search).Requests - before,
                Is.LessThanOrEqualTo(swarm.Options.Retrieval.Parallelism + swarm.Options.Replicas));
        });

    [Test]
    public void What_the_first_node_said_alone_is_found_by_those_that_come_later()
        => Play(5, async swarm =>
        {
            DhtMember first = await swarm.JoinAsync();
            NodeId key = swarm.PickPoint();
            Publication publication = await first.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            Assert.That(publication.Holders, Is.EqualTo(1), "itself");

            await swarm.JoinAllAsync(5);
            await AllReadAsync(swarm, key, Word);
        });

    [Test]
    public void A_newcomer_near_a_key_is_handed_its_records()
        => Play(6, async swarm =>
        {
            await swarm.JoinAllAsync(40);
            NodeId newcomer = SimulatedKey.Of(swarm.Born).Id;
            DhtMember publisher = swarm.Pick();

            // The very name of the newcomer: nobody can be nearer.
            _ = await publisher.Dht.PublishAsync(newcomer, Word, TimeSpan.FromSeconds(600), CancellationToken.None);
            DhtMember joined = await swarm.JoinAsync();
            Assert.That(joined.Id, Is.EqualTo(newcomer));
            await swarm.WaitAsync(20);

            Assert.That(joined.Dht.Store.Keys, Does.Contain(newcomer));
        });

    [Test]
    public void A_renewal_reaches_those_who_came_nearer_to_the_key_without_a_search()
        => Play(10, async swarm =>
        {
            await swarm.JoinAllAsync(40);
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            Publication publication = await publisher.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);

            for (int i = 0; i < 3; i++)
            {
                await swarm.JoinAllAsync(20);
                long before = publisher.Dht.TrafficFor(DhtPurpose.Publish).Requests;

                // Its lease divided by two and a fifth of that, so one renewal or two.
                await swarm.WaitAsync(75);
                long sent = publisher.Dht.TrafficFor(DhtPurpose.Publish).Requests - before;

                NodeId[] nearest = swarm.Nearest(key, swarm.Options.Replicas, without: publisher.Id);
                Assert.That(
                    publication.HeldBy.Select(contact => contact.Id), Is.EquivalentTo(nearest), $"round {i}");
                Assert.That(sent, Is.LessThanOrEqualTo(2 * (swarm.Options.Replicas + 1)), "a question and the stores");
            }
        });

    [Test]
    public void A_dead_node_nearest_to_a_key_does_not_keep_readers_waiting()
        => Play(11, async swarm =>
        {
            await swarm.JoinAllAsync(60);
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            _ = await publisher.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            NodeId nearest = swarm.Nearest(key, 1, without: publisher.Id)[0];
            swarm.Members.Single(member => member.Id == nearest).Kill(silently: true);
            var took = new List<TimeSpan>();

            foreach (DhtMember reader in swarm.Members.Take(30).ToArray())
            {
                long begun = swarm.Loop.Clock.GetTimestamp();
                Assert.That(await DhtSwarm.ReadAsync(reader, key), Has.Exactly(1).Items);
                took.Add(swarm.Loop.Clock.GetElapsedTime(begun));
            }

            // A node never measured is given 900 ms: nobody may have waited that long.
            Assert.That(took.Max(), Is.LessThan(swarm.Options.ColdPatience));
        });

    [Test]
    public void A_client_reads_and_publishes_but_holds_nothing_and_is_nobodys_contact()
        => Play(7, async swarm =>
        {
            await swarm.JoinAllAsync(30);
            DhtMember client = await swarm.JoinAsync(server: false);
            NodeId key = swarm.PickPoint();
            _ = await client.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            _ = await swarm.Pick().Dht.PublishAsync(client.Id, Other, Lease, CancellationToken.None);
            await swarm.WaitAsync(200);

            await AllReadAsync(swarm, key, Word);
            Assert.That((await DhtSwarm.ReadAsync(client, client.Id)).Single().Value.ToArray(), Is.EqualTo(Other));
            Assert.That(client.Dht.Store.Count, Is.Zero);
            Assert.That(client.Dht.Status.Contacts, Is.Positive);
            swarm.CheckInvariants();
        });

    [Test]
    public void Two_swarms_on_one_network_never_mix()
        => Play(8, async swarm =>
        {
            await swarm.JoinAllAsync(20);
            HashSet<NodeId> first = [.. swarm.Members.Select(member => member.Id)];
            DhtMember stranger = swarm.Add("two");
            Assert.That(await stranger.StartAsync([swarm.Members[0].Address]), Is.False);
            DhtMember founder = swarm.Add("two");
            _ = await founder.StartAsync([]);
            DhtMember follower = swarm.Add("two");
            Assert.That(await follower.StartAsync([swarm.Members[1].Address, founder.Address]));

            NodeId key = swarm.PickPoint();
            _ = await founder.Dht.PublishAsync(key, Other, Lease, CancellationToken.None);
            _ = await swarm.Members[0].Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            await swarm.WaitAsync(300);

            Assert.That(follower.Contacts, Is.EqualTo([founder.Id]));
            Assert.That(stranger.Contacts, Is.Empty);
            Assert.That(
                swarm.Members.Where(member => first.Contains(member.Id))
                    .SelectMany(member => member.Contacts)
                    .Distinct(),
                Is.SubsetOf(first));
            Assert.That((await DhtSwarm.ReadAsync(follower, key)).Single().Value.ToArray(), Is.EqualTo(Other));
            Assert.That((await DhtSwarm.ReadAsync(swarm.Members[5], key)).Single().Value.ToArray(), Is.EqualTo(Word));
        });

    [Test]
    public void Records_of_the_living_are_found_while_half_of_the_swarm_is_replaced()
        => Play(9, async swarm =>
        {
            await swarm.JoinAllAsync(60);
            NodeId key = swarm.PickPoint();
            DhtMember[] publishers = [.. swarm.Members.Take(5)];

            foreach (DhtMember publisher in publishers)
            {
                _ = await publisher.Dht.PublishAsync(key, Word, Lease, CancellationToken.None);
            }

            for (int i = 0; i < 30; i++)
            {
                DhtMember[] others = [.. swarm.Members.Except(publishers)];
                others[swarm.Loop.Random.Next(others.Length)].Kill(silently: i % 2 == 0);
                _ = await swarm.JoinAsync();
                await swarm.WaitAsync(20);
                IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(swarm.Pick(), key);
                Assert.That(
                    found.Select(record => record.Signer),
                    Is.EqualTo(publishers.Select(publisher => publisher.Id).Order()),
                    $"round {i}");
                swarm.CheckInvariants();
            }
        });

    private static void Play(int seed, Func<DhtSwarm, Task> story)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(() => story(new DhtSwarm(loop)));
    }

    private static IEnumerable<NodeId> HoldersOf(DhtSwarm swarm, NodeId key)
        => swarm.Members.Where(member => member.Dht.Store.Keys.Contains(key)).Select(member => member.Id);

    private static async Task AllReadAsync(DhtSwarm swarm, NodeId key, byte[] value)
    {
        foreach (DhtMember reader in swarm.Members)
        {
            FoundRecord found = (await DhtSwarm.ReadAsync(reader, key)).Single();
            Assert.That(found.Value.ToArray(), Is.EqualTo(value));
        }
    }
}
