using System.Net;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>A stream of the link with a relay, in which a link with somebody behind it can run.</summary>
/// <param name="Stream">The stream, in which only bytes pass from now on.</param>
/// <param name="SeenAt">Where the relay says that it sees the other end; null when it does not say.</param>
public sealed record Circuit(ILinkStream Stream, PeerAddress? SeenAt = null)
{
    /// <summary>A circuit with what the relay said of its other end; what makes no sense counts as nothing.</summary>
    internal static Circuit Read(ILinkStream stream, Address? seen)
        => new(
            stream,
            seen is { Port: >= 1 and <= 65535 } && IPAddress.TryParse(seen.Host, out IPAddress? ip)
                ? new PeerAddress(ReachableAddresses.Plain(ip).ToString(), (int)seen.Port)
                : null);
}
