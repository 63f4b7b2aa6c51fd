using Google.Protobuf;
using NUnit.Framework;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulation.Tests;

/// <summary>Two hundred nodes that each know few others find one another, whatever happens to some of them.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class DhtLookupStories
{
    private const int NodeCount = 200;

    [Test]
    public void Lookups_find_the_true_nearest_over_several_hops([Values(1)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(NodeCount);
            Assert.That(swarm.Members.Select(member => member.Dht.IsReady), Is.All.True, $"seed {seed}");
            DhtSurvey survey = await DhtSurvey.RunAsync(swarm, lookups: 200);

            Assert.That(survey.Recall, Is.GreaterThanOrEqualTo(0.999), $"seed {seed}");
            Assert.That(survey.Hops, Is.GreaterThan(1.5).And.LessThan(5), $"seed {seed}");
            Assert.That(survey.Queries, Is.LessThan(20), $"seed {seed}");
            swarm.CheckInvariants();
        });
    }

    [Test]
    public void When_a_third_dies_at_once_the_others_still_find_one_another([Values(3)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(120);
            await swarm.WaitAsync(30);

            for (int i = 0; i < 40; i++)
            {
                swarm.Pick().Kill(silently: i % 2 == 0);
            }

            DhtSurvey atOnce = await DhtSurvey.RunAsync(swarm, lookups: 100);

            // With four contacts a bucket; with twenty it would be nearly all.
            Assert.That(atOnce.Recall, Is.GreaterThanOrEqualTo(0.75), $"at once, seed {seed}");
            await swarm.WaitAsync(240);
            DhtSurvey later = await DhtSurvey.RunAsync(swarm, lookups: 100);

            Assert.That(later.Recall, Is.GreaterThanOrEqualTo(0.99), $"seed {seed}");
            Assert.That(swarm.StaleShare(), Is.LessThan(0.05), $"seed {seed}");
            swarm.CheckInvariants();
        });
    }

    [Test]
    public void Nodes_that_come_and_go_all_the_time_are_found_while_they_are_there([Values(4)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(60);
            double recall = 0;

            // Half of the swarm is replaced within ten minutes.
            for (int i = 0; i < 30; i++)
            {
                swarm.Pick().Kill(silently: i % 2 == 0);
                _ = await swarm.JoinAsync();
                await swarm.WaitAsync(20);
                recall += (await DhtSurvey.RunAsync(swarm, lookups: 10)).Recall / 30;
                swarm.CheckInvariants();
            }

            Assert.That(recall, Is.GreaterThanOrEqualTo(0.97), $"seed {seed}");
        });
    }

    [Test]
    public void Two_halves_that_were_parted_become_one_again([Values(5)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(40);
            await swarm.WaitAsync(30);
            NodeId[] apart = [.. swarm.Members.Where((_, i) => i % 2 == 0).Select(member => member.Id)];

            swarm.Network.Partition(apart);
            await swarm.WaitAsync(600);
            Assert.That((await DhtSurvey.RunAsync(swarm, lookups: 40)).Recall, Is.LessThan(0.9), "they are parted");
            swarm.Network.Heal();
            await swarm.WaitAsync(120);

            DhtSurvey survey = await DhtSurvey.RunAsync(swarm, lookups: 100);
            Assert.That(survey.Recall, Is.GreaterThanOrEqualTo(0.99), $"seed {seed}");
        });
    }

    [Test]
    public void A_newcomer_among_two_hundred_knows_its_neighbours_for_fewer_than_eighty_questions([Values(8)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop, new DhtOptions());
            swarm.Populate(NodeCount);

            for (int i = 0; i < 5; i++)
            {
                DhtMember newcomer = await swarm.JoinAsync();
                NodeId[] nearest = swarm.Nearest(newcomer.Id, swarm.Options.Lookup.Width, without: newcomer.Id);

                Assert.That(newcomer.Dht.IsReady, $"seed {seed}");
                Assert.That(newcomer.Contacts, Is.SupersetOf(nearest), $"seed {seed}");
                Assert.That(newcomer.Dht.TrafficFor(DhtPurpose.Join).Requests, Is.LessThan(80), $"seed {seed}");
            }
        });
    }

    [Test]
    public void Who_misses_many_is_named_twice_as_many_and_no_more()
    {
        var loop = new SimulationLoop(7);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(40);
            int width = swarm.Options.Lookup.Width;
            ILink link = await swarm.Members[5].Links.GetAsync(swarm.Members[6].Address, default);

            Assert.That(await NamedAsync(swarm, link, wide: false), Is.EqualTo(width));
            Assert.That(await NamedAsync(swarm, link, wide: true), Is.EqualTo(2 * width));
        });
    }

    [Test]
    public void A_node_whose_bootstrap_is_not_there_yet_joins_when_it_comes()
    {
        var loop = new SimulationLoop(6);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            DhtMember late = swarm.Add();
            DhtMember early = swarm.Add();
            late.Kill();

            // The address is known before anybody listens there.
            Assert.That(await early.StartAsync([late.Address]), Is.False);
            Assert.That(early.Dht.IsReady, Is.False);
            await swarm.WaitAsync(20);
            DhtMember there = swarm.Revive(late);
            _ = await there.StartAsync([]);
            await swarm.WaitAsync(15);

            Assert.That(early.Dht.IsReady);
            Assert.That(early.Contacts, Is.EqualTo([there.Id]));
            Assert.That(there.Contacts, Is.EqualTo([early.Id]), "it was checked, and entered");
        });
    }

    [Test]
    public void Who_has_been_answered_does_not_wait_until_dead_bootstraps_are_given_up([Values(1, 2, 3)] int dead)
    {
        var loop = new SimulationLoop(15);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(12);
            DhtMember[] gone = [.. swarm.Members.Skip(5).Take(dead)];
            Array.ForEach(gone, member => member.Kill(silently: true));
            DhtMember newcomer = swarm.Add();
            long begun = loop.Clock.GetTimestamp();
            PeerAddress[] doors = [.. gone.Select(member => member.Address), swarm.Members[0].Address];

            Assert.That(await newcomer.StartAsync(doors));
            Assert.That(newcomer.Dht.IsReady);
            Assert.That(
                loop.Clock.GetElapsedTime(begun), Is.LessThan(swarm.Options.BootstrapTimeout - TimeSpan.FromSeconds(1)));
        });
    }

    [Test]
    public void A_reader_begins_with_those_to_whom_a_link_is_open_whether_or_not_the_table_has_room_for_them()
    {
        var loop = new SimulationLoop(12);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(120);
            int met = 0;

            foreach (DhtMember asker in swarm.Members.Take(20))
            {
                HashSet<NodeId> known = [.. asker.Contacts];

                foreach (ILink link in asker.Links.Links.Where(link => !known.Contains(link.Remote)))
                {
                    var reading = new Reading(link.Remote);
                    DhtNode.LookupOutcome outcome = await asker.Dht.LookUpAsync(link.Remote, reading, default);
                    Assert.That(outcome.Closest[0].Id, Is.EqualTo(link.Remote));
                    Assert.That(outcome.Hops, Is.EqualTo(1));
                    met++;
                }
            }

            Assert.That(met, Is.GreaterThan(20));
        });
    }

    [Test]
    public void A_link_that_comes_up_is_a_sign_of_life_and_no_request_is_spent_on_it()
    {
        var loop = new SimulationLoop(14);
        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(2);
            await swarm.WaitAsync(5);
            DhtMember[] two = [.. swarm.Members];
            long before = swarm.TrafficFor(DhtPurpose.Table).Requests;
            swarm.Network.ResetLinks(two[0].Id, two[1].Id);
            await swarm.WaitAsync(1);
            Assert.That(two[0].Links.Count, Is.Zero);

            await swarm.WaitAsync(14);
            Assert.That(two[0].Links.Has(two[1].Id));
            Assert.That(two.Select(member => member.Contacts.Count()), Is.All.EqualTo(1));
            Assert.That(swarm.TrafficFor(DhtPurpose.Table).Requests, Is.EqualTo(before));

            // And one that does not come up is none.
            two[1].Kill(silently: true);
            await swarm.WaitAsync(60);
            Assert.That(two[0].Contacts, Is.Empty);
        });
    }

    [Test]
    public void Whoever_had_a_link_to_one_that_dies_lets_go_of_it_in_two_rounds_and_not_when_its_turn_comes(
        [Values(15)] int seed)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            // Of some sixty contacts three are looked for every ten seconds.
            var swarm = new DhtSwarm(loop, new DhtOptions(), links: new LinkPoolOptions { LinksMax = 8 });
            await swarm.JoinAllAsync(60);
            await swarm.WaitAsync(60);
            DhtMember dead = swarm.Pick();
            DhtMember[] linked = [
                .. swarm.Members.Where(member => member.Links.Has(dead.Id) && member.Dht.Knows(dead.Id))];
            Assert.That(linked, Has.Length.GreaterThan(3), $"seed {seed}");
            dead.Kill();
            await swarm.WaitAsync(30);

            Assert.That(linked.Where(member => member.Dht.Knows(dead.Id)), Is.Empty, $"seed {seed}");
        });
    }

    [Test]
    public void Where_everybody_is_near_nobody_waits_for_the_dead_as_if_they_were_far()
    {
        var loop = new SimulationLoop(13);
        loop.Run(async () =>
        {
            var near = new SimulatedNetworkOptions
            {
                WayMin = TimeSpan.FromMilliseconds(1),
                WaySpread = TimeSpan.FromMilliseconds(2),
                JitterMean = TimeSpan.Zero,
            };
            var swarm = new DhtSwarm(loop, network: near);
            await swarm.JoinAllAsync(60);
            DhtMember dead = swarm.Members[5];
            dead.Kill(silently: true);
            var waits = new List<TimeSpan>();

            foreach (DhtMember asker in swarm.Members.Where(member => !member.Dht.Knows(dead.Id)).ToArray())
            {
                long begun = loop.Clock.GetTimestamp();
                _ = await asker.Dht.FindNodesAsync(dead.Id, default);
                waits.Add(loop.Clock.GetElapsedTime(begun));
            }

            // Some waited for it, as long as for any open link that was not measured.
            TimeSpan least = swarm.Options.WarmPatience;
            Assert.That(waits.Max(), Is.InRange(least, least + TimeSpan.FromMilliseconds(100)));
        });
    }

    private static async Task<int> NamedAsync(DhtSwarm swarm, ILink link, bool wide)
    {
        byte[] target = new byte[NodeId.Size];
        swarm.PickPoint().Write(target);
        var find = new Find { Target = ByteString.CopyFrom(target), Wide = wide };
        Envelope answer = await link.RequestAsync(
            new Envelope { Find = find },
            StreamPriority.Control,
            TimeSpan.FromSeconds(5),
            swarm.Loop.Clock,
            default);
        return answer.Found.Closer.Count;
    }
}
