using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>A circuit through a relay: a stream of the link with the relay, in which a link of its own runs.</summary>
internal sealed class CircuitBearer(Circuit circuit) : Bearer
{
    private readonly ILinkStream _stream = circuit.Stream;

    // Nobody sees where the other end is but the relay.
    internal override PeerAddress? SeenAt => null;

    internal override NodeId? Relay { get; } = circuit.Stream.Link.Remote;

    internal override PeerAddress? SeenByRelay => circuit.SeenAt;

    internal override void EndSending() => _ = EndAsync();

    internal override void Sever() => _stream.Reset(FaultCode.Cancelled, "The link in this circuit is over.");

    protected override Stream Open() => new CircuitStream(_stream);

    private async Task EndAsync()
    {
        try
        {
            await _stream.EndAsync(_stream.Link.Closed);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException or OperationCanceledException
            or InvalidOperationException)
        {
            // Over already.
        }
    }
}
