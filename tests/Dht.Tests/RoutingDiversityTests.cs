using NUnit.Framework;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Tests;

/// <summary>However contacts come, wait, move and go: of one network never more than allowed are in the table.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RoutingDiversityTests
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(50);

    [Test]
    public void Of_one_network_ten_at_most_and_two_a_bucket_whatever_happens([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        NodeId self = Ids.Draw(random);
        var table = new RoutingTable(self, new DhtOptions { BucketSize = 3 });
        var known = new List<NodeId>();

        for (int step = 0; step < 4000; step++)
        {
            // Any bucket as often as any other, so that many are full and many wait.
            if (known.Count < 40 || random.Next(4) == 0)
            {
                known.Add(table.PointIn(random.Next(24), random));
            }

            NodeId node = known[random.Next(known.Count)];

            if (random.Next(3) == 0)
            {
                _ = table.OnFailure(node);
            }
            else
            {
                _ = table.OnAnswer(
                    Ids.Contact(node, $"99.1.{random.Next(12)}.{random.Next(1, 255)}"), TimeSpan.Zero, RoundTrip);
            }

            AssertDiverse(table, $"seed {seed}, step {step}");
        }
    }

    private static void AssertDiverse(RoutingTable table, string when)
    {
        foreach ((int index, Bucket bucket) in table.Buckets)
        {
            Assert.That(Most(bucket.Entries.Select(entry => entry.Contact)), Is.LessThanOrEqualTo(2), $"{index}, {when}");
        }

        Assert.That(Most(table.Contacts), Is.LessThanOrEqualTo(10), when);
        Assert.That(table.Contacts.Count(), Is.EqualTo(table.Count), when);
    }

    private static int Most(IEnumerable<Contact> contacts)
        => contacts.SelectMany(contact => contact.Groups).CountBy(group => group).Select(group => group.Value)
            .DefaultIfEmpty().Max();
}
