using System.Net;
using System.Net.NetworkInformation;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

// Where this node can be dialled, as its device's networks come and go.
public sealed partial class TcpTransport
{
    private readonly NodeId _self;
    private IReadOnlyList<PeerAddress> _elsewhere = [];

    /// <inheritdoc/>
    public IReadOnlyList<PeerAddress> Addresses { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<PeerAddress> OwnAddresses { get; private set; } = [];

    /// <inheritdoc/>
    public void Announce(IReadOnlyList<PeerAddress> elsewhere, bool server)
    {
        lock (_gate)
        {
            _elsewhere = elsewhere;
            Say(server);
        }
    }

    /// <inheritdoc/>
    public bool Refresh()
    {
        if (Endpoint is null || KeepsPort)
        {
            return false;
        }

        IReadOnlyList<PeerAddress> own;

        try
        {
            own = FindOwn(Endpoint);
        }
        catch (NetworkInformationException)
        {
            // An interface went while it was looked at: the next look sees it.
            return false;
        }

        lock (_gate)
        {
            if (own.SequenceEqual(OwnAddresses))
            {
                return false;
            }

            OwnAddresses = own;
            Say(_handshake.Hello.Server);
            return true;
        }
    }

    private void Say(bool server)
    {
        Addresses = ReachableAddresses.Join(OwnAddresses, _elsewhere);
        Hello hello = _handshake.Hello.WithAddresses(Addresses);
        hello.Server = server;
        _handshake.Hello = hello;
    }

    private PeerAddress[] FindOwn(IPEndPoint at)
        => [.. ReachableAddresses.Of(at.Address, ReachableAddresses.OfThisDevice())
            .Select(ip => new PeerAddress(ip, at.Port, _self))];
}
