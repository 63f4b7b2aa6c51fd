using Swarm.Node.Discovery.PortMapping.NatPmp;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Node.Discovery.PortMapping.Pcp;
using Swarm.Node.Discovery.PortMapping.Upnp;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Obtains, renews and returns the ports of one gateway, by the best protocol that it speaks.</summary>
internal sealed class GatewayPorts(IGatewayNetwork network, Gateway gateway, TimeProvider time, Random random)
{
    // Best first: PCP proves whose answer it is and names the whole mapping, UPnP needs the most trust.
    private readonly IMappingProtocol[] _protocols =
    [
        new PcpProtocol(network, gateway, time, random),
        new NatPmpProtocol(network, gateway, time),
        new UpnpProtocol(network, gateway, time),
    ];

    /// <summary>Asks by all protocols at once who answers, then maps by the best that does.</summary>
    /// <exception cref="GatewayException">None grants it: the most telling reason.</exception>
    public async Task<Grant> ObtainAsync(MappingRequest request, CancellationToken cancel)
    {
        GatewayException? telling = null;
        IMappingProtocol[] silent = _protocols;

        foreach (TimeSpan patience in PortMappingLimits.ProbePatience)
        {
            IMappingProtocol[] asked = silent;
            bool[] answered = await Task.WhenAll(asked.Select(protocol => AnswersAsync(protocol, patience, cancel)));

            foreach (IMappingProtocol protocol in asked.Where((_, i) => answered[i]))
            {
                try
                {
                    return await MapAsync(protocol, request, cancel);
                }
                catch (GatewayException error)
                {
                    telling = telling is null || error.Fault > telling.Fault ? error : telling;
                }
            }

            // One that refuses does not speak for one that is slow to answer.
            silent = [.. asked.Where((_, i) => !answered[i])];
        }

        throw telling ?? new GatewayException(
            GatewayFault.Silent, $"The gateway {gateway.Address} answers neither PCP nor NAT-PMP nor UPnP.");
    }

    /// <summary>Asks for what was granted once more.</summary>
    /// <exception cref="GatewayException">It is not granted any longer.</exception>
    public Task<Grant> RenewAsync(Grant grant, CancellationToken cancel)
        => MapAsync(grant.Protocol, RenewalOf(grant.Mapping), cancel);

    /// <summary>Returns the port, if the gateway takes it back within a moment.</summary>
    public async Task ReleaseAsync(Grant grant)
    {
        using var patience = new CancellationTokenSource(PortMappingLimits.ReleaseMax, time);

        try
        {
            await grant.Protocol.ReleaseAsync(grant.Mapping, patience.Token);
        }
        catch (Exception failure) when (failure is GatewayException or OperationCanceledException)
        {
            // The lease ends by itself.
        }
    }

    /// <summary>The request that asks for a mapping as it is.</summary>
    public static MappingRequest RenewalOf(Mapping mapping)
        => new(mapping.InternalPort, mapping.External.Port, mapping.External.Address);

    private static async Task<bool> AnswersAsync(
        IMappingProtocol protocol, TimeSpan patience, CancellationToken cancel)
    {
        try
        {
            await protocol.ProbeAsync(patience, cancel);
            return true;
        }
        catch (GatewayException no)
        {
            // A refusal is an answer: asked for a mapping, it says the same.
            return no.Fault > GatewayFault.Malformed;
        }
    }

    private async Task<Grant> MapAsync(IMappingProtocol protocol, MappingRequest request, CancellationToken cancel)
    {
        for (int tried = 1; ; tried++)
        {
            try
            {
                return await MapOnceAsync(protocol, request, cancel);
            }
            catch (GatewayException taken) when (
                taken.Fault is GatewayFault.PortTaken && tried < PortMappingLimits.PortTriesMax)
            {
                int other = random.Next(PortMappingLimits.DynamicPortMin, ushort.MaxValue + 1);
                request = new MappingRequest(request.InternalPort, other);
            }
        }
    }

    private async Task<Grant> MapOnceAsync(
        IMappingProtocol protocol, MappingRequest request, CancellationToken cancel)
    {
        Grant grant;

        try
        {
            grant = new Grant(protocol, await protocol.MapAsync(request, cancel));
        }
        catch (OperationCanceledException)
        {
            // It may have been granted in the moment this node left.
            var external = new System.Net.IPEndPoint(gateway.Address, request.ExternalPort);
            await ReleaseAsync(new Grant(protocol, new Mapping(external, request.InternalPort, TimeSpan.Zero)));
            throw;
        }

        try
        {
            PublicAddress.Require(grant.Mapping.External.Address);
            return grant;
        }
        catch (GatewayException)
        {
            await ReleaseAsync(grant);
            throw;
        }
    }
}
