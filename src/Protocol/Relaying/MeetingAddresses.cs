using System.Net;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>Where a node may be made to dial by a peer that it meets, and by nobody else.</summary>
internal static class MeetingAddresses
{
    /// <summary>
    /// Of the addresses at which a peer says that it is seen those that are its own: the relay between sees it at the
    /// same host, so that a peer cannot name a third party; and a relay on the internet cannot send this node into its
    /// own network.
    /// </summary>
    /// <param name="claimed">What the peer says.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="witness">Where the relay says that it sees the peer; null when it does not say.</param>
    /// <param name="relay">Where the relay is seen; null when that is not known.</param>
    internal static PeerAddress[] Check(
        IEnumerable<Address> claimed, NodeId peer, PeerAddress? witness, PeerAddress? relay)
        => witness is not null
            && relay is not null
            && IPAddress.TryParse(witness.Host, out IPAddress? ip)
            && !ip.IsIPv4MappedToIPv6
            && CanBeMet(ip, relay)
            ?
            [
                .. claimed
                    .Where(address => address.Relay.IsEmpty && address.Port is >= 1 and <= 65535)
                    .Where(address => IPAddress.TryParse(address.Host, out IPAddress? host) && host.Equals(ip))
                    .Select(address => witness with { Port = (int)address.Port, Node = peer })
                    .Distinct()
                    .Take(RelayTimes.MeetingAddressesMax),
            ]
            : [];

    /// <summary>
    /// Where others see this node when it dials from the port it listens at: the relays at which it has places, first
    /// of all.
    /// </summary>
    internal static Address[] Own(LinkPool links)
        =>
        [
            .. links.Links
                .Where(link => link is { Relay: null, IsFromListener: true, IsClosed: false })
                .OrderBy(link => link.Remote)
                .Select(link => link.RemoteHello.Observed)
                .Where(seen => seen is { Port: >= 1 and <= 65535, Host.Length: > 0 })
                .DistinctBy(seen => (seen.Host, seen.Port))
                .Take(RelayTimes.MeetingAddressesMax)
                .Select(seen => new Address { Host = seen.Host, Port = seen.Port }),
        ];

    private static bool CanBeMet(IPAddress peer, PeerAddress relay)
        => IPAddress.TryParse(relay.Host, out IPAddress? at)
            && (PublicNetwork.Contains(peer)
                || (!PublicNetwork.Contains(at)
                    && IPAddress.IsLoopback(peer) == IPAddress.IsLoopback(at)
                    && !IsMany(peer)));

    // Nobody and everybody are no peers.
    private static bool IsMany(IPAddress ip)
        => ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) || ip.Equals(IPAddress.Broadcast)
            || ip.IsIPv6Multicast || (ip.GetAddressBytes() is [>= 224 and <= 239, _, _, _]);
}
