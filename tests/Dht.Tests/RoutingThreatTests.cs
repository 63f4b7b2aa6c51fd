using NUnit.Framework;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Tests;

/// <summary>What a member may try with the names of nodes, with the figures of the threats' rows 21 to 23.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RoutingThreatTests
{
    private const int Nodes = 1000;
    private const int Known = 60;

    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);

    [Test]
    public void Threat_21_With_a_fifth_of_liars_a_lookup_takes_less_than_three_times_the_messages(
        [Values] Lie lie, [Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        NodeId[] swarm = [.. Enumerable.Range(0, Nodes).Select(_ => Ids.Draw(random))];
        HashSet<NodeId> liars = [.. swarm.Where((_, i) => i % 5 == 0)];
        int honest = 0;
        int beset = 0;
        int found = 0;

        for (int turn = 0; turn < 20; turn++)
        {
            NodeId target = Ids.Draw(random);
            NodeId[] seeds = [.. swarm.OrderBy(_ => random.Next()).Take(20)];
            honest += Run(swarm, [], target, seeds, lie, random).Queries;
            Lookup lookup = Run(swarm, liars, target, seeds, lie, random);
            beset += lookup.Queries;
            NodeId nearest = swarm.MinBy(id => id.DistanceTo(target));
            found += lookup.Closest().First().Id == nearest ? 1 : 0;
        }

        Assert.That(beset, Is.LessThan(3 * honest), $"{honest} messages without liars, seed {seed}");

        // Friends that answer are a swarm of their own, which other ways lead around: row 22.
        Assert.That(lie == Lie.TheirFriends || found >= 19, $"{found} of 20 nearest nodes, seed {seed}");
    }

    [Test]
    public void Threat_23_Of_a_thousand_fresh_nodes_that_answer_a_tenth_of_the_table_at_most([Range(1, 5)] int seed)
    {
        // A swarm whose nodes have been met; then a thousand come from four networks, as many as one party may rent.
        var random = new Random(seed);
        var table = new RoutingTable(Ids.Draw(random), new DhtOptions());

        for (int i = 0; i < 20_000; i++)
        {
            string host = $"{random.Next(11, 170)}.{random.Next(256)}.{random.Next(256)}.7";
            _ = table.OnAnswer(Ids.Contact(Ids.Draw(random), host), TimeSpan.Zero, RoundTrip);
        }

        HashSet<NodeId> old = [.. table.Contacts.Select(contact => contact.Id)];

        for (int i = 0; i < 1000; i++)
        {
            NodeId fresh = Ids.Draw(random);

            if (table.HasRoomFor(fresh))
            {
                _ = table.OnAnswer(
                    Ids.Contact(fresh, $"203.0.{113 + (i % 4)}.{i % 250}"), TimeSpan.FromMinutes(1), RoundTrip);
            }
        }

        int entered = table.Contacts.Count(contact => !old.Contains(contact.Id));
        Assert.That(entered, Is.LessThanOrEqualTo(table.Count / 10), $"of {table.Count}, seed {seed}");
        Assert.That(old.Where(id => !table.Contains(id)), Is.Empty, "nobody who answers makes room");
    }

    public enum Lie
    {
        NodesThatAreNotThere,
        ThemselvesAgain,
        TheirFriends,
    }

    // Each node knows all of its neighbourhood and some of each far region; liars name what suits them.
    private static Lookup Run(
        NodeId[] swarm, HashSet<NodeId> liars, NodeId target, NodeId[] seeds, Lie lie, Random random)
    {
        var lookup = new Lookup(target, seeds.Select(id => Ids.Contact(id)), new LookupOptions());
        HashSet<NodeId> alive = [.. swarm];
        NodeId[] friends = [.. liars.OrderBy(id => id.DistanceTo(target)).Take(40)];

        while (!lookup.IsOver(TimeSpan.Zero))
        {
            if (lookup.Next(TimeSpan.Zero) is not { } asked)
            {
                break;
            }

            if (!alive.Contains(asked.Id))
            {
                lookup.OnFailure(asked.Id);
            }
            else if (!liars.Contains(asked.Id))
            {
                lookup.OnReply(asked.Id, Honest(swarm, asked.Id, target, random));
            }
            else
            {
                lookup.OnReply(asked.Id, lie switch
                {
                    Lie.NodesThatAreNotThere => Enumerable.Range(0, 40).Select(_ => Ids.Contact(Near(target, random))),
                    Lie.ThemselvesAgain => Enumerable.Repeat(asked, 40),
                    _ => friends.Select(id => Ids.Contact(id)),
                });
            }
        }

        return lookup;
    }

    private static IEnumerable<Contact> Honest(NodeId[] swarm, NodeId self, NodeId target, Random random)
        => swarm.OrderBy(id => id.DistanceTo(self)).Take(20)
            .Concat(Enumerable.Range(0, Known).Select(_ => swarm[random.Next(swarm.Length)]))
            .OrderBy(id => id.DistanceTo(target))
            .Take(20)
            .Select(id => Ids.Contact(id));

    // Nearer to the target than anybody who is there.
    private static NodeId Near(NodeId target, Random random)
    {
        byte[] bytes = new byte[NodeId.Size];
        target.Write(bytes);
        random.NextBytes(bytes.AsSpan(4));
        return NodeId.Read(bytes);
    }
}
