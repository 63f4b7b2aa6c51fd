using System.Security.Cryptography;
using System.Text;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulation.Tests;

/// <summary>A small swarm in a weather that its seed draws: which faults strike, how often, and what they leave.</summary>
internal static class StormySwarm
{
    private const int Nodes = 14;
    private const int Rounds = 6;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private static readonly string[] Faults =
        ["kill", "vanish", "freeze", "thaw", "hide", "refuse", "open", "slow", "cut", "partition", "heal", "stall", "dial"];

    private static readonly string[] Recoveries =
        ["dead contact dropped", "record outlived a holder", "newcomer joined", "failed query survived"];

    /// <summary>Every fault there is, and every way back.</summary>
    internal static IEnumerable<string> Paths => Faults.Concat(Recoveries);

    /// <summary>The trace of one seed, and what it met.</summary>
    internal static (string Trace, IReadOnlyCollection<string> Met) Run(int seed)
    {
        var loop = new SimulationLoop(seed);
        var met = new HashSet<string>();
        using var trace = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Note(string what) => trace.AppendData(Encoding.UTF8.GetBytes($"{loop.Clock.GetTimestamp()} {what}\n"));

        loop.Run(async () =>
        {
            var weather = new SimulatedNetworkOptions
            {
                StallRate = loop.Random.Next(2) * 0.02,
                DialFailureRate = loop.Random.Next(2) * 0.05,
            };
            var swarm = new DhtSwarm(loop, network: weather);
            swarm.Populate(Nodes);
            var dead = new List<NodeId>();

            for (int round = 0; round < Rounds; round++)
            {
                await PlayAsync(swarm, met, dead, Note);
            }

            swarm.CheckInvariants();
            met.UnionWith(swarm.Network.Faults.Keys);
            _ = swarm.Members.Any(member => member.Dht.Status.QueriesFailed > 0) && met.Add("failed query survived");
            _ = dead.Exists(gone => !swarm.Members.Any(member => member.Contacts.Contains(gone)))
                && met.Add("dead contact dropped");

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

        return (Convert.ToHexString(trace.GetHashAndReset()), met);
    }

    private static async Task PlayAsync(
        DhtSwarm swarm, HashSet<string> met, List<NodeId> dead, Action<string> note)
    {
        NodeId key = swarm.PickPoint();
        DhtMember publisher = swarm.Pick();
        _ = await publisher.Dht.PublishAsync(key, new byte[] { 1 }, Lease, CancellationToken.None);
        DhtMember struck = swarm.Pick();
        Strike(swarm, struck);
        await swarm.WaitAsync(20);
        Mend(swarm, struck);
        IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(swarm.Pick(), key);
        note($"read {string.Join(' ', found.Select(record => (record.Signer, record.Sequence)))}");

        if (!struck.IsAlive)
        {
            _ = found.Count > 0 && struck != publisher && met.Add("record outlived a holder");
            dead.Add(struck.Id);
            DhtMember newcomer = await swarm.JoinAsync();
            _ = newcomer.Dht.IsReady && met.Add("newcomer joined");
        }
    }

    private static void Strike(DhtSwarm swarm, DhtMember struck)
    {
        SimulatedNetwork network = swarm.Network;

        switch (swarm.Loop.Random.Next(8))
        {
            case 0:
                struck.Kill();
                break;
            case 1:
                struck.Kill(silently: true);
                break;
            case 2:
                network.Freeze(struck.Id);
                break;
            case 3:
                network.Hide(struck.Id);
                break;
            case 4:
                network.Refuse(struck.Id);
                break;
            case 5:
                network.Slow(struck.Id, TimeSpan.FromMilliseconds(500));
                break;
            case 6:
                network.Cut(struck.Id, swarm.Pick().Id);
                break;
            default:
                network.Partition(swarm.Members.Where((_, i) => i % 2 == 0).Select(member => member.Id));
                break;
        }
    }

    private static void Mend(DhtSwarm swarm, DhtMember struck)
    {
        swarm.Network.Heal();

        if (struck.IsAlive)
        {
            swarm.Network.Thaw(struck.Id);
            swarm.Network.Open(struck.Id);
            swarm.Network.Slow(struck.Id, TimeSpan.Zero);
        }
    }
}
