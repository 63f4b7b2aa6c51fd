using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>Finds the descriptions of the devices here that may map ports.</summary>
internal sealed class SsdpFinder(IGatewayNetwork network, Gateway gateway, TimeProvider time)
{
    /// <summary>
    /// Asks the gateway, then everybody, and collects answers until <paramref name="patience"/> ends or the first has
    /// been followed by a little silence. The gateway's own come first, then newer versions.
    /// </summary>
    /// <exception cref="GatewayException">The device has no way to ask.</exception>
    public async Task<IReadOnlyList<Uri>> FindAsync(TimeSpan patience, CancellationToken cancel)
    {
        var found = new Dictionary<Uri, string>();
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);

        try
        {
            using IDatagrams socket = network.Open(gateway);
            await AskAsync(socket, either.Token);
            await CollectAsync(socket, found, () => deadline.CancelAfter(PortMappingLimits.SearchSettle), either.Token);
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
        }
        catch (SocketException broken)
        {
            throw new GatewayException(GatewayFault.Silent, $"The gateway is out of reach: {broken.Message}", broken);
        }

        return
        [
            .. found
                .OrderByDescending(one => DeviceAddress.HostOf(one.Key).Equals(gateway.Address))
                .ThenByDescending(one => one.Value, StringComparer.Ordinal)
                .ThenBy(one => one.Key.AbsoluteUri, StringComparer.Ordinal)
                .Select(one => one.Key),
        ];
    }

    // The gateway by its own address first: some networks lose multicast, some firewalls drop it.
    private async Task AskAsync(IDatagrams socket, CancellationToken cancel)
    {
        foreach (IPAddress target in new[] { gateway.Address, SsdpSearch.Group })
        {
            foreach (byte[] question in SsdpSearch.Questions(target))
            {
                await socket.SendAsync(question, new IPEndPoint(target, PortMappingLimits.SsdpPort), cancel);
            }
        }
    }

    private async Task CollectAsync(
        IDatagrams socket, Dictionary<Uri, string> found, Action onFirst, CancellationToken cancel)
    {
        byte[] buffer = new byte[PortMappingLimits.SsdpBytesMax + 1];

        for (int i = 0; i < PortMappingLimits.DatagramsMax && found.Count < PortMappingLimits.DevicesMax; i++)
        {
            (int count, IPEndPoint source) = await socket.ReceiveAsync(buffer, cancel);

            if (TryRead(buffer.AsSpan(0, count), source.Address) is not { } reply)
            {
                continue;
            }

            if (found.TryAdd(reply.Location, reply.Kind) && found.Count == 1)
            {
                onFirst();
            }
        }
    }

    private SsdpReply? TryRead(ReadOnlySpan<byte> datagram, IPAddress source)
    {
        try
        {
            var reply = SsdpReply.Parse(datagram);
            return reply.IsFetchable(gateway, source) ? reply : null;
        }
        catch (GatewayException)
        {
            return null;
        }
    }
}
