using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>A node's port at the gateway: asked for in the background, announced while it stands, given back.</summary>
internal sealed class ReachablePort : IAsyncDisposable
{
    private readonly SwarmMember _member;
    private readonly SystemGatewayNetwork _network;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeping;

    private ReachablePort(IPEndPoint listener, SwarmMember member, TimeProvider time, ILogger log)
    {
        _member = member;
        _log = log;
        _network = new SystemGatewayNetwork(time);
        _keeping = KeepAsync(new PortMapper(_network, time, new EntropyRandom()), listener);
    }

    /// <summary>Begins to ask; null where nobody is to reach this node, or its owner wants no mapping.</summary>
    public static ReachablePort? Map(NodeOptions options, SwarmMember member, TimeProvider time, ILogger log)
        => options.MapsPort && !IPAddress.IsLoopback(options.Listen.Address)
            ? new ReachablePort(
                new IPEndPoint(options.Listen.Address, member.Addresses[0].Port), member, time, log)
            : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
        _network.Dispose();
        _stop.Dispose();
    }

    private async Task KeepAsync(PortMapper mapper, IPEndPoint listener)
    {
        // The node's start waits for nothing of this.
        await Task.Yield();
        await mapper.KeepAsync(listener, Tell, _stop.Token);
    }

    private void Tell(MappingState state)
    {
        if (state.Mapping is { External: { } external })
        {
            _member.Map(new PeerAddress(external.Address.ToString(), external.Port, _member.Key.Id));
            NodeLog.PortMapped(_log, external.ToString(), state.Protocol);
        }
        else
        {
            _member.Map(null);
            NodeLog.PortNotMapped(_log, state.Why);
        }
    }
}
