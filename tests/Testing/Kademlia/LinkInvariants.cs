using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Testing.Kademlia;

/// <summary>What must be true of the links of a node.</summary>
internal sealed class LinkInvariants(DhtInvariants invariants, DhtSwarm swarm)
{
    // A second link is retired after a second, once nothing runs on it; its end takes a way, and may meet a stall.
    private static readonly TimeSpan PairMax = TimeSpan.FromSeconds(6);

    // Half of the credit must be there for a message that is larger than all of it.
    private const int CreditMin = (WireLimits.CreditBytes / 2)
        - (WireLimits.MessageCreditBytes + WireLimits.HeaderBytesMax + WireLimits.PayloadBytesMax);

    private readonly Dictionary<(NodeId, NodeId), long> _pairs = [];
    private readonly HashSet<NodeId> _remotes = [];

    /// <summary>Whom they lead to, how many there are, and the streams they carry.</summary>
    internal void Check(DhtMember member)
    {
        MemoryLink[] links = member.Transport.Links;

        foreach (MemoryLink link in links)
        {
            invariants.Demand(link.Remote != member.Id, member, "it is linked to itself");
            invariants.Demand(
                link.OpenStreams <= WireLimits.StreamsMax, member, $"{link.OpenStreams} streams on one link");

            if (link.OpenStreams > 0)
            {
                CheckCredit(member, link);
            }
        }

        int idle = member.Links.Links.Count(link => link.OpenStreams == 0);
        int most = swarm.LinkOptions.LinksMax;
        invariants.Demand(idle <= most, member, $"{idle} idle links, more than {most}");
    }

    // What was given in the beginning is all there is, and no more is taken of it than one message may go beyond.
    private void CheckCredit(DhtMember member, MemoryLink link)
    {
        foreach ((uint stream, int here, int all) in link.Credits())
        {
            invariants.Demand(
                all == WireLimits.CreditBytes, member, $"stream {stream} to {link.Remote} has {all} bytes of credit");
            invariants.Demand(
                here >= CreditMin, member, $"{-here} bytes beyond the credit of stream {stream} to {link.Remote}");
        }
    }

    /// <summary>No two idle links lead to the same peer for long, as long as both ways are open.</summary>
    internal void CheckPairs(DhtMember member)
    {
        long now = swarm.Loop.Clock.GetTimestamp();
        MemoryLink[] links = member.Transport.Links;
        _remotes.Clear();

        // Mostly there is no pair, and was none a second ago.
        if (links.All(link => _remotes.Add(link.Remote)) && _pairs.Count == 0)
        {
            return;
        }

        foreach (IGrouping<NodeId, MemoryLink> pair in links.GroupBy(link => link.Remote))
        {
            (NodeId, NodeId) ends = (member.Id, pair.Key);

            if (pair.Count() < 2
                || pair.Any(link => link.OpenStreams > 0 || link.Peer.IsClosed)
                || !swarm.Network.IsOpenBetween(member.Id, pair.Key))
            {
                _ = _pairs.Remove(ends);
                continue;
            }

            _ = _pairs.TryAdd(ends, now);
            TimeSpan age = swarm.Loop.Clock.GetElapsedTime(_pairs[ends], now);
            invariants.Demand(age <= PairMax, member, $"{pair.Count()} idle links to {pair.Key} for {age}");
        }
    }
}
