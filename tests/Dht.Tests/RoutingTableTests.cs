using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Tests;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RoutingTableTests
{
    private static readonly DhtOptions Small = new() { BucketSize = 3 };
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);

    [Test]
    public void Buckets_tile_the_space()
        => Prop.ForAll(Ids.Any, Ids.Any, (self, other) =>
        {
            if (self == other)
            {
                return true;
            }

            int bucket = new RoutingTable(self, Small).BucketOf(other);
            byte[] one = Bytes(self);
            byte[] two = Bytes(other);
            bool sharesAllBefore = Enumerable.Range(0, bucket).All(bit => Bit(one, bit) == Bit(two, bit));
            return sharesAllBefore && Bit(one, bucket) != Bit(two, bucket);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void A_point_drawn_for_a_bucket_lies_in_it([Range(0, 255)] int bucket)
    {
        var random = new Random(bucket);
        var table = new RoutingTable(Ids.Draw(random), Small);

        Assert.That(table.BucketOf(table.PointIn(bucket, random)), Is.EqualTo(bucket));
    }

    [Test]
    public void The_nearest_contacts_are_those_that_sorting_all_would_give([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        var table = new RoutingTable(Ids.Draw(random), new DhtOptions { BucketSize = 1 + (seed % 20) });

        for (int i = 0; i < 500; i++)
        {
            _ = table.OnAnswer(Ids.Contact(Ids.Draw(random)), TimeSpan.FromSeconds(i), RoundTrip);
        }

        for (int i = 0; i < 50; i++)
        {
            NodeId target = Ids.Draw(random);
            IEnumerable<Contact> sorted = table.Contacts.OrderBy(contact => contact.Id.DistanceTo(target));
            Assert.That(table.Nearest(target, 1 + i), Is.EqualTo(sorted.Take(1 + i)));
        }
    }

    [Test]
    public void A_table_keeps_its_shape_whatever_happens([Range(0, 9)] int seed)
    {
        var random = new Random(seed);
        NodeId self = Ids.Draw(random);
        var table = new RoutingTable(self, Small);
        NodeId[] swarm = [self, .. Enumerable.Range(0, 60).Select(_ => Ids.Draw(random))];
        TimeSpan now = TimeSpan.Zero;

        for (int i = 0; i < 500; i++)
        {
            NodeId id = swarm[random.Next(swarm.Length)];
            now += TimeSpan.FromSeconds(1);

            if (random.Next(3) == 0)
            {
                _ = table.OnFailure(id);
            }
            else
            {
                _ = table.OnAnswer(Ids.Contact(id, $"{random.Next(1, 9)}.2.3.4"), now, RoundTrip);
            }

            Check(table, self);
        }
    }

    [Test]
    public void Who_has_lived_long_stays_when_a_newcomer_finds_the_bucket_full()
    {
        RoutingTable table = Full(Small, out Contact[] old);

        Assert.That(table.OnAnswer(Far(0x87), TimeSpan.FromMinutes(1), RoundTrip), Is.False);
        Assert.That(table.Contacts, Is.EquivalentTo(old));
    }

    [Test]
    public void With_somebody_waiting_the_first_failure_is_the_last()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        Contact newcomer = Far(0x87);
        _ = table.OnAnswer(newcomer, TimeSpan.FromMinutes(1), RoundTrip);

        Assert.That(table.OnFailure(old[0].Id), Is.EqualTo(old[0]));
        Assert.That(table.Contacts, Is.EquivalentTo([old[1], old[2], newcomer]));
    }

    [Test]
    public void With_nobody_waiting_it_takes_two_failures_in_a_row()
    {
        RoutingTable table = Full(Small, out Contact[] old);

        Assert.That(table.OnFailure(old[0].Id), Is.Null);
        _ = table.OnAnswer(old[0], TimeSpan.FromMinutes(1), RoundTrip);
        Assert.That(table.OnFailure(old[0].Id), Is.Null);
        Assert.That(table.OnFailure(old[0].Id), Is.EqualTo(old[0]));
        Assert.That(table.Contains(old[0].Id), Is.False);
    }

    [Test]
    public void Only_who_answered_lately_is_named_to_others()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        TimeSpan later = Small.RelayWindow + TimeSpan.FromSeconds(3);
        _ = table.OnAnswer(old[1], later, RoundTrip);

        Assert.That(table.NearestFresh(Ids.Of(0), 20, later), Is.EqualTo([old[1]]));
        Assert.That(table.Nearest(Ids.Of(0), 20), Has.Count.EqualTo(3));
    }

    [Test]
    public void Of_a_region_that_was_quiet_those_are_named_whom_nobody_doubts()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        TimeSpan later = Small.RelayWindow + TimeSpan.FromSeconds(3);
        NodeId there = Far(0x90).Id;
        _ = table.OnFailure(old[0].Id);

        Assert.That(table.NearestFresh(there, 20, later), Is.EquivalentTo([old[1], old[2]]), "they alone lead there");
        Assert.That(table.NearestFresh(there, 20, later, except: old[1].Id), Is.EqualTo([old[2]]));
        Assert.That(table.NearestFresh(Ids.Of(0), 20, later), Is.Empty, "they do not lead elsewhere");
        _ = table.OnAnswer(old[1], later, RoundTrip);
        Assert.That(table.NearestFresh(there, 20, later), Is.EqualTo([old[1]]), "somebody leads there who is there");
    }

    [Test]
    public void Who_left_our_last_query_unanswered_is_not_named_to_others()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        var now = TimeSpan.FromSeconds(3);
        _ = table.OnFailure(old[1].Id);

        Assert.That(table.NearestFresh(Ids.Of(0), 20, now), Is.EquivalentTo([old[0], old[2]]));
        Assert.That(table.Nearest(Ids.Of(0), 20), Has.Count.EqualTo(3), "we may still ask it ourselves");
        _ = table.OnAnswer(old[1], now, RoundTrip);
        Assert.That(table.NearestFresh(Ids.Of(0), 20, now), Has.Count.EqualTo(3));
    }

    [Test]
    public void Whoever_is_in_a_bucket_that_is_not_far_is_nearer_than_the_neighbours([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        NodeId self = Ids.Draw(random);
        var table = new RoutingTable(self, new DhtOptions());

        for (int i = 0; i < 100 * seed; i++)
        {
            _ = table.OnAnswer(Ids.Contact(Ids.Draw(random)), TimeSpan.Zero, RoundTrip);
        }

        int far = table.FarBuckets(20);
        IReadOnlyList<Contact> nearest = table.Nearest(self, 20);
        int beyond = table.Contacts.Count(contact => table.BucketOf(contact.Id) >= far);

        Assert.That(far == 0 ? table.Count < 20 : table.BucketOf(nearest[^1].Id) == far - 1, $"seed {seed}");
        Assert.That(beyond, Is.LessThan(20), $"seed {seed}");
    }

    [Test]
    public void Far_buckets_at_most_half_full_take_turns_and_near_ones_have_none()
    {
        RoutingTable table = Full(Small, out Contact[] full);
        Assert.That(table.TakeStalestBucket(4, TimeSpan.FromSeconds(10)), Is.Null, "all are neighbours");

        _ = table.OnAnswer(Far(0x40), TimeSpan.FromSeconds(4), RoundTrip);
        _ = table.OnAnswer(Far(0x20), TimeSpan.FromSeconds(5), RoundTrip);
        Assert.That(table.TakeStalestBucket(2, TimeSpan.FromSeconds(10)), Is.EqualTo(1), "bucket 0 is full");
        table.Remove(full[0].Id);
        Assert.That(table.TakeStalestBucket(2, TimeSpan.FromSeconds(15)), Is.EqualTo(1), "two of three are enough");
        table.Remove(full[1].Id);
        Assert.That(table.TakeStalestBucket(2, TimeSpan.FromSeconds(20)), Is.Zero);
        Assert.That(table.TakeStalestBucket(2, TimeSpan.FromSeconds(30)), Is.EqualTo(1));
        Assert.That(table.TakeStalestBucket(2, TimeSpan.FromSeconds(40)), Is.Zero, "bucket 2 is within reach");
    }

    [Test]
    public void The_stalest_take_turns()
    {
        RoutingTable table = Full(Small, out Contact[] old);

        Assert.That(table.TakeStalest(2, TimeSpan.FromSeconds(10)), Is.EqualTo([old[0], old[1]]));
        Assert.That(table.TakeStalest(2, TimeSpan.FromSeconds(20)), Is.EqualTo([old[2], old[0]]));
    }

    [Test]
    public void Whose_link_is_lost_is_looked_for_first_and_once()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        table.Doubt(old[2].Id);
        table.Doubt(Far(0x90).Id);

        Assert.That(table.TakeStalest(1, TimeSpan.FromSeconds(10)), Is.EqualTo([old[2]]));
        Assert.That(table.TakeStalest(2, TimeSpan.FromSeconds(20)), Is.EqualTo([old[0], old[1]]));
        Assert.That(table.NearestFresh(Ids.Of(0), 20, TimeSpan.FromSeconds(20)), Is.EquivalentTo(old));
    }

    [Test]
    public void Neighbours_are_asked_before_they_are_too_quiet_to_be_named()
    {
        RoutingTable table = Full(Small, out Contact[] far);
        Contact near = Far(0x01);
        _ = table.OnAnswer(near, TimeSpan.FromSeconds(3), RoundTrip);
        TimeSpan half = TimeSpan.FromSeconds(3) + (Small.RelayWindow / 2);

        Assert.That(table.TakeQuietNeighbours(1, half), Is.Empty);
        TimeSpan later = half + TimeSpan.FromSeconds(1);
        Assert.That(table.TakeQuietNeighbours(1, later), Is.EqualTo([near]));
        Assert.That(table.TakeQuietNeighbours(1, later), Is.Empty, "it is taken as asked");
        Assert.That(table.TakeQuietNeighbours(4, later), Is.EqualTo(far));
    }

    [Test]
    public void A_sign_of_life_keeps_a_contact_fresh_but_admits_nobody_and_absolves_nobody()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        TimeSpan later = Small.RelayWindow + TimeSpan.FromSeconds(3);
        _ = table.OnFailure(old[1].Id);
        table.OnSignsOfLife(node => node == old[0].Id || node == old[1].Id || node == Far(0x90).Id, later);

        Assert.That(table.NearestFresh(Ids.Of(0), 20, later), Is.EqualTo([old[0]]));
        Assert.That(table.Contacts, Is.EquivalentTo(old));
        Assert.That(table.TakeStalest(3, later), Is.EqualTo([old[1], old[2]]), "the doubted one first");
    }

    [Test]
    public void Who_is_known_to_be_there_is_not_asked_unless_he_is_doubted()
    {
        RoutingTable table = Full(Small, out Contact[] old);
        var later = TimeSpan.FromSeconds(10);
        _ = table.OnFailure(old[1].Id);

        Assert.That(
            table.TakeStalest(3, later, node => node == old[0].Id || node == old[1].Id), Is.EqualTo([old[1], old[2]]));
        Assert.That(table.TakeStalest(3, later), Is.Empty, "all were heard of or asked this very moment");
    }

    [Test]
    public void One_network_cannot_fill_a_bucket_or_the_table()
    {
        var random = new Random(1);
        var table = new RoutingTable(Ids.Draw(random), new DhtOptions());

        for (int i = 0; i < 1000; i++)
        {
            _ = table.OnAnswer(Ids.Contact(Ids.Draw(random), $"203.0.113.{i % 250}"), TimeSpan.Zero, RoundTrip);
        }

        Assert.That(table.Count, Is.EqualTo(10));
        Assert.That(table.Buckets.Select(bucket => bucket.Value.Entries.Count), Is.All.LessThanOrEqualTo(2));
    }

    [TestCase("192.168.1.7", null)]
    [TestCase("10.1.2.3", null)]
    [TestCase("172.31.0.1", null)]
    [TestCase("127.0.0.1", null)]
    [TestCase("::1", null)]
    [TestCase("fe80::1", null)]
    [TestCase("fd00::1", null)]
    [TestCase("node.example", null)]
    [TestCase("172.32.0.1", "AC2000")]
    [TestCase("203.0.113.9", "CB0071")]
    [TestCase("::ffff:203.0.113.9", "CB0071")]
    [TestCase("2001:db8:1:2ff::1", "20010DB8000102")]
    public void Networks_are_told_apart(string host, string? group)
        => Assert.That(AddressGroup.Of(new Protocol.Transport.PeerAddress(host, 1)), Is.EqualTo(group));

    // A full bucket 0 of a node whose name is zero; each member answered a second after the one before.
    private static RoutingTable Full(DhtOptions options, out Contact[] members)
    {
        byte[] zero = new byte[NodeId.Size];
        var table = new RoutingTable(NodeId.Read(zero), options);
        members = [.. Enumerable.Range(0x80, options.BucketSize).Select(first => Far((byte)first))];

        for (int i = 0; i < members.Length; i++)
        {
            Assert.That(table.OnAnswer(members[i], TimeSpan.FromSeconds(i), RoundTrip));
        }

        return table;
    }

    private static Contact Far(byte first)
    {
        byte[] bytes = new byte[NodeId.Size];
        bytes[0] = first;
        return Ids.Contact(NodeId.Read(bytes));
    }

    private static void Check(RoutingTable table, NodeId self)
    {
        foreach ((int index, Bucket bucket) in table.Buckets)
        {
            Assert.That(bucket.Entries, Has.Count.LessThanOrEqualTo(Small.BucketSize));
            Assert.That(bucket.Waiting, Has.Count.LessThanOrEqualTo(Small.BucketSize));
            IEnumerable<NodeId> all = bucket.Entries.Concat(bucket.Waiting).Select(entry => entry.Contact.Id);
            Assert.That(all, Is.Unique.And.Not.Contains(self));
            Assert.That(all.Select(table.BucketOf), Is.All.EqualTo(index));
        }

        Assert.That(table.Count, Is.EqualTo(table.Contacts.Count()));
    }

    private static byte[] Bytes(NodeId id)
    {
        byte[] bytes = new byte[NodeId.Size];
        id.Write(bytes);
        return bytes;
    }

    private static bool Bit(byte[] bytes, int index) => (bytes[index / 8] & (0x80 >> (index % 8))) != 0;
}
