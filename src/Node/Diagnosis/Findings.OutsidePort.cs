using System.Net;
using Swarm.Node.Membership;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Diagnosis;

// A router that gives each connection another outside port (a symmetric NAT; RFC 4787's address-dependent mapping)
// cannot be met by dialling at once. It shows where peers see one port of a node at the same address and at different
// ports.
internal static partial class Findings
{
    private const int WitnessesMin = 2;

    /// <summary>Whether the router keeps one outside port for the node of this device.</summary>
    /// <param name="here">The node; null when none runs.</param>
    /// <param name="visit">Where its peers say that they see it.</param>
    public static Finding OutsidePort(NodeHere? here, SwarmVisit visit)
    {
        const string Topic = "outsidePort";

        if (visit.OwnNode is not { } hello)
        {
            return NoAnswer(Topic, here, visit, FindingState.Unknown);
        }

        Address[] inside = [.. hello.Addresses.Where(one => one.Relay.IsEmpty && !IsLoopback(one))];

        if (hello.Server || inside.Length == 0)
        {
            return new Finding(
                Topic, FindingState.Works, hello.Server ? "of no matter: others dial this node" : "none is used");
        }

        IPEndPoint[] seen = SeenFromOutside(visit.Links ?? [], inside);
        IGrouping<IPEndPoint, IPEndPoint>? most = seen.GroupBy(one => one).MaxBy(same => same.Count());

        return seen.Length < WitnessesMin
            ? new Finding(
                Topic,
                FindingState.Unknown,
                seen.Length == 0
                    ? "no node says that it sees this one behind a router"
                    : $"one node sees this one at {seen[0]}; only a second one shows whether the router keeps that "
                        + "port",
                "ask again when this node has places at two relays.")
            : most!.Count() * 2 > seen.Length
            ? new Finding(
                Topic,
                FindingState.Works,
                $"the router keeps one: {most!.Count()} of {seen.Length} nodes see this one at {most!.Key}")
            : new Finding(
                Topic,
                FindingState.Limited,
                $"the router gives each connection another one (symmetric NAT): {seen.Length} nodes see this one at "
                    + $"{string.Join(", ", seen.Distinct())}; until a port leads to it, most nodes behind routers of "
                    + "their own reach it through a relay only",
                $"have the router forward TCP port {inside[0].Port} to this device, or switch on UPnP or NAT-PMP in "
                    + "it.");
    }

    // One word of each host, of those at which this node is seen the one that most say: a home may have two ways out.
    private static IPEndPoint[] SeenFromOutside(IReadOnlyList<NodeLink> links, Address[] inside)
        => links
            .Where(link => link is { SeenAt: not null, Outside: not null })
            .DistinctBy(link => link.SeenAt!.Host)
            .Select(link => new IPEndPoint(IPAddress.Parse(link.Outside!.Host), link.Outside.Port))
            .Where(seen => inside.All(own => own.Host != seen.Address.ToString()))
            .GroupBy(seen => seen.Address)
            .OrderByDescending(same => same.Count())
            .FirstOrDefault()?.ToArray() ?? [];
}
