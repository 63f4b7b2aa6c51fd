using System.Net;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>Internet Gateway Device 1 and 2 of UPnP, with whichever device here offers it best.</summary>
internal sealed class UpnpProtocol(IGatewayNetwork network, Gateway gateway, TimeProvider time) : IMappingProtocol
{
    private const int Ok = 200;

    private readonly SsdpFinder _finder = new(network, gateway, time);
    private IReadOnlyList<Uri> _descriptions = [];
    private IgdClient? _client;
    private bool _isPermanentOnly;

    public string Name => "UPnP";

    public async Task ProbeAsync(TimeSpan patience, CancellationToken cancel)
    {
        _client = null;
        _descriptions = await _finder.FindAsync(patience, cancel);

        if (_descriptions.Count == 0)
        {
            throw new GatewayException(GatewayFault.Silent, "No UPnP gateway answers.");
        }
    }

    public async Task<Mapping> MapAsync(MappingRequest request, CancellationToken cancel)
    {
        IgdClient client = await ClientAsync(cancel);

        try
        {
            IPAddress address = await client.ExternalAddressAsync(cancel);
            PublicAddress.Require(address);
            int port = await AddAsync(client, request, cancel);
            await ConfirmAsync(client, port, request.InternalPort, cancel);
            return new Mapping(new IPEndPoint(address, port), request.InternalPort, PortMappingLimits.UpnpLifetime);
        }
        catch (GatewayException error) when (error.Fault is GatewayFault.Silent)
        {
            // It may have moved to another port with a restart.
            _client = null;
            _descriptions = [];
            throw;
        }
    }

    public async Task<bool> StillHoldsAsync(Mapping mapping, CancellationToken cancel)
    {
        IgdClient client = await ClientAsync(cancel);

        return (await client.ExternalAddressAsync(cancel)).Equals(mapping.External.Address)
            && await LeadsHereAsync(client, mapping.External.Port, mapping.InternalPort, cancel);
    }

    public async Task ReleaseAsync(Mapping mapping, CancellationToken cancel)
        => await (await ClientAsync(cancel)).DeleteAsync(mapping.External.Port, cancel);

    private async Task<int> AddAsync(IgdClient client, MappingRequest request, CancellationToken cancel)
    {
        TimeSpan lease = _isPermanentOnly ? TimeSpan.Zero : PortMappingLimits.UpnpLifetime;

        try
        {
            return await AddAsync(client, request, lease, cancel);
        }
        catch (GatewayException refusal) when (
            (UpnpError)refusal.Code is UpnpError.OnlyPermanentLeases or UpnpError.InvalidArguments
            && !_isPermanentOnly)
        {
            // Old devices know no leases; some say so with the other code.
            _isPermanentOnly = true;
            return await AddAsync(client, request, TimeSpan.Zero, cancel);
        }
    }

    private static async Task<int> AddAsync(
        IgdClient client, MappingRequest request, TimeSpan lease, CancellationToken cancel)
    {
        // A renewal wants the port it has.
        if (client.Service.ChoosesPort && request.ExternalAddress is null)
        {
            return await client.AddAnyAsync(request.ExternalPort, request.InternalPort, lease, cancel);
        }

        await client.AddAsync(request.ExternalPort, request.InternalPort, lease, cancel);
        return request.ExternalPort;
    }

    // Some devices say yes and do nothing, or give the port of somebody else away.
    private async Task ConfirmAsync(IgdClient client, int externalPort, int internalPort, CancellationToken cancel)
    {
        if (!await LeadsHereAsync(client, externalPort, internalPort, cancel))
        {
            throw new GatewayException(
                GatewayFault.PortTaken, "The gateway maps no port by UPnP: it leads the port elsewhere.");
        }
    }

    private async Task<bool> LeadsHereAsync(
        IgdClient client, int externalPort, int internalPort, CancellationToken cancel)
    {
        try
        {
            return new IPEndPoint(gateway.Local, internalPort).Equals(await client.FindAsync(externalPort, cancel));
        }
        catch (GatewayException unknown) when (unknown.Fault is GatewayFault.Refused)
        {
            // It does not know this question: its yes has to do.
            return true;
        }
    }

    private async Task<IgdClient> ClientAsync(CancellationToken cancel)
    {
        if (_client is null)
        {
            if (_descriptions.Count == 0)
            {
                await ProbeAsync(PortMappingLimits.HttpMax, cancel);
            }

            _client = await ChooseAsync(cancel);
        }

        return _client;
    }

    // Connected with a public address is best; connected is better than nothing.
    private async Task<IgdClient> ChooseAsync(CancellationToken cancel)
    {
        IgdClient? best = null;
        int bestRank = -1;
        GatewayException? last = null;

        foreach (Uri description in _descriptions)
        {
            try
            {
                IgdClient client = await DescribeAsync(description, cancel);
                int rank = await RankAsync(client, cancel);
                (best, bestRank) = rank > bestRank ? (client, rank) : (best, bestRank);
            }
            catch (GatewayException unusable)
            {
                last = unusable;
            }
        }

        return best ?? throw last
            ?? throw new GatewayException(GatewayFault.Silent, "No UPnP gateway answers.");
    }

    private async Task<IgdClient> DescribeAsync(Uri description, CancellationToken cancel)
    {
        HttpAnswer answer = await HttpTries.AskAsync(network, gateway, new HttpQuestion(description), cancel);

        if (answer.Status != Ok)
        {
            throw GatewayException.Malformed($"status {answer.Status} instead of a description");
        }

        IReadOnlyList<IgdService> services = IgdDescription.Parse(answer.Body, description);
        return services.Count > 0
            ? new IgdClient(network, gateway, services[0])
            : throw new GatewayException(GatewayFault.Unsupported, "The UPnP device here maps no ports.");
    }

    private static async Task<int> RankAsync(IgdClient client, CancellationToken cancel)
        => (await client.IsConnectedAsync(cancel) ? 2 : 0)
            + (PublicAddress.Is(await client.ExternalAddressAsync(cancel)) ? 1 : 0);
}
