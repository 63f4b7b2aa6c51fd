using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>
/// Reachability that is not the same both ways: every fifth node dials and cannot be dialled, though it says it can; and
/// between some pairs messages pass in one direction only.
/// </summary>
public static class OneWayCase
{
    private const int HiddenEvery = 5;
    private const int CutsPerNode = 3;
    private const int Readers = 10;
    private const int Width = 20;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);

    /// <summary>Cuts and hides, waits until that is known, then looks up, publishes and reads.</summary>
    public static List<Finding> Run(SimulatorOptions options, Watch watch)
        => Cases.Play(options with { HalfLife = 0, Publish = false }, async (run, findings) =>
        {
            await run.BeginAsync();
            DhtSwarm swarm = run.Swarm;
            watch.Note(swarm, await run.WatchAsync(1, options.Lookups / 10, 0));
            HashSet<NodeId> hidden = [.. swarm.Members.Where((_, i) => i % HiddenEvery == 0).Select(one => one.Id)];
            var cuts = new HashSet<(NodeId From, NodeId To)>();

            foreach (NodeId node in hidden)
            {
                swarm.Network.Hide(node);
            }

            for (int i = 0; i < CutsPerNode * options.Nodes; i++)
            {
                (NodeId from, NodeId to) = (swarm.Pick().Id, swarm.Pick().Id);

                if (from != to && cuts.Add((from, to)))
                {
                    swarm.Network.Cut(from, to);
                }
            }

            // As long as a node needs to find out who can be reached.
            watch.Note(swarm, await run.WatchAsync(4, options.Lookups / 10, 0));
            (long found, long wanted) = await LookUpAsync(swarm, options.Lookups, hidden, cuts);
            (int readable, int hiddenReadable, int read, int hiddenRead) = await PublishAsync(swarm, options, hidden);

            findings.Add(new Finding("nodes that cannot be dialled; pairs open one way", $"{hidden.Count}; {cuts.Count}"));
            findings.Add(Finding.AtLeast("recall of those that can be reached", (double)found / wanted, 0.99));
            findings.Add(Finding.AtLeast("records of reachable nodes read", (double)readable / read, 0.999));
            findings.Add(Finding.AtLeast(
                "records of nodes that cannot be dialled read", (double)hiddenReadable / hiddenRead, 0.999));
        });

    private static async Task<(long Found, long Wanted)> LookUpAsync(
        DhtSwarm swarm, int lookups, HashSet<NodeId> hidden, HashSet<(NodeId From, NodeId To)> cuts)
    {
        (long found, long wanted) = (0, 0);

        for (int i = 0; i < lookups; i++)
        {
            DhtMember asker = swarm.Pick();
            NodeId target = swarm.PickPoint();
            DhtNode.LookupOutcome outcome = await asker.Dht.LookUpAsync(target, reading: null, CancellationToken.None);
            HashSet<NodeId> answered = [.. outcome.Closest.Select(contact => contact.Id)];
            NodeId[] nearest = swarm.Nearest(
                target,
                Width,
                member => member != asker
                    && !hidden.Contains(member.Id)
                    && !cuts.Contains((asker.Id, member.Id))
                    && !cuts.Contains((member.Id, asker.Id)),
                answered);
            found += nearest.Count(answered.Contains);
            wanted += nearest.Length;
        }

        return (found, wanted);
    }

    private static async Task<(int Readable, int HiddenReadable, int Read, int HiddenRead)> PublishAsync(
        DhtSwarm swarm, SimulatorOptions options, HashSet<NodeId> hidden)
    {
        (int readable, int hiddenReadable, int read, int hiddenRead) = (0, 0, 0, 0);

        for (int i = 0; i < Math.Max(10, options.Lookups / Readers); i++)
        {
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            _ = await publisher.Dht.PublishAsync(key, new byte[200], Lease, CancellationToken.None);
            bool isHidden = hidden.Contains(publisher.Id);

            for (int reader = 0; reader < Readers; reader++)
            {
                bool isRead = (await DhtSwarm.ReadAsync(swarm.Pick(), key)).Count > 0;
                readable += isRead && !isHidden ? 1 : 0;
                hiddenReadable += isRead && isHidden ? 1 : 0;
                read += isHidden ? 0 : 1;
                hiddenRead += isHidden ? 1 : 0;
            }
        }

        return (readable, hiddenReadable, read, hiddenRead);
    }
}
