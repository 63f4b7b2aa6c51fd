using System.Security.Cryptography;
using System.Text;
using NUnit.Framework;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulation.Tests;

/// <summary>One seed, one history: joins, deaths, lookups and records, to the tick.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class DhtDeterminismTests
{
    [Test]
    public void The_same_seed_twice_gives_the_same_trace([Values(1, 2)] int seed)
    {
        string first = Trace(seed);

        Assert.That(Trace(seed), Is.EqualTo(first));
        Assert.That(Trace(seed + 100), Is.Not.EqualTo(first));
    }

    private static string Trace(int seed)
    {
        var loop = new SimulationLoop(seed);
        using var trace = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Note(string what) => trace.AppendData(Encoding.UTF8.GetBytes($"{loop.Clock.GetTimestamp()} {what}\n"));

        loop.Run(async () =>
        {
            var swarm = new DhtSwarm(loop);
            await swarm.JoinAllAsync(30);

            for (int i = 0; i < 10; i++)
            {
                NodeId key = swarm.PickPoint();
                byte[] value = [(byte)i];
                _ = await swarm.Pick().Dht.PublishAsync(key, value, TimeSpan.FromSeconds(60), CancellationToken.None);
                swarm.Pick().Kill(silently: loop.Random.Next(2) == 0);
                _ = await swarm.JoinAsync();
                IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(swarm.Pick(), key);
                Note($"read {string.Join(' ', found.Select(record => (record.Signer, record.Sequence)))}");
                await swarm.WaitAsync(loop.Random.Next(20));
            }

            foreach (DhtMember member in swarm.Members)
            {
                Note($"{member.Id} {member.Dht.Status}");

                // When each contact last answered, and how fast, depends on every message there ever was.
                foreach (BucketEntry entry in member.Dht.Table.Buckets.SelectMany(bucket => bucket.Value.Entries))
                {
                    Note($"{entry.Contact.Id} {entry.VerifiedAt.Ticks} {entry.RoundTrip.Ticks}");
                }
            }
        });

        return Convert.ToHexString(trace.GetHashAndReset());
    }
}
