using System.Globalization;
using System.Net;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>Asks one gateway's service, WANIPConnection:1 or :2 or WANPPPConnection:1.</summary>
internal sealed class IgdClient(IGatewayNetwork network, Gateway gateway, IgdService service)
{
    // Compared as text by some devices: upper-case.
    private const string Tcp = "TCP";
    private const string Description = "swarm";

    public IgdService Service { get; } = service;

    /// <summary>Whether it says that its connection is up.</summary>
    public async Task<bool> IsConnectedAsync(CancellationToken cancel)
        => (await AskAsync("GetStatusInfo", [], cancel))
            .GetValueOrDefault("NewConnectionStatus", "").Equals("Connected", StringComparison.OrdinalIgnoreCase);

    /// <summary>Its address on the other side; 0.0.0.0 when it has none.</summary>
    public async Task<IPAddress> ExternalAddressAsync(CancellationToken cancel)
        => IPAddress.TryParse(
            (await AskAsync("GetExternalIPAddress", [], cancel)).GetValueOrDefault("NewExternalIPAddress", ""),
            out IPAddress? address) ? address : IPAddress.Any;

    /// <summary>Maps this external port, and no other.</summary>
    public async Task AddAsync(int externalPort, int internalPort, TimeSpan lease, CancellationToken cancel)
        => _ = await AskAsync("AddPortMapping", Entry(externalPort, internalPort, lease), cancel);

    /// <summary>Maps this external port, or one the gateway finds free; answers which.</summary>
    public async Task<int> AddAnyAsync(int externalPort, int internalPort, TimeSpan lease, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, string> answer = await AskAsync(
            "AddAnyPortMapping", Entry(externalPort, internalPort, lease), cancel);
        return TryReadPort(answer.GetValueOrDefault("NewReservedPort", ""), out int port)
            ? port
            : throw GatewayException.Malformed("no port");
    }

    /// <summary>Whom the external port leads to; null when it leads nowhere.</summary>
    public async Task<IPEndPoint?> FindAsync(int externalPort, CancellationToken cancel)
    {
        try
        {
            IReadOnlyDictionary<string, string> answer = await AskAsync(
                "GetSpecificPortMappingEntry", Key(externalPort), cancel);

            return IPAddress.TryParse(answer.GetValueOrDefault("NewInternalClient", ""), out IPAddress? client)
                && TryReadPort(answer.GetValueOrDefault("NewInternalPort", ""), out int port)
                    ? new IPEndPoint(client, port)
                    : throw GatewayException.Malformed("no client");
        }
        catch (GatewayException refusal) when (refusal.Code == (int)UpnpError.NoSuchEntry)
        {
            return null;
        }
    }

    /// <summary>Forgets the external port.</summary>
    public async Task DeleteAsync(int externalPort, CancellationToken cancel)
        => _ = await AskAsync("DeletePortMapping", Key(externalPort), cancel);

    private static (string Name, string Value)[] Key(int externalPort)
        =>
        [
            ("NewRemoteHost", ""),
            ("NewExternalPort", Text(externalPort)),
            ("NewProtocol", Tcp),
        ];

    private (string Name, string Value)[] Entry(int externalPort, int internalPort, TimeSpan lease)
    {
        // Port 0 means every port to some devices.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(externalPort);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(internalPort);

        return
        [
            .. Key(externalPort),
            ("NewInternalPort", Text(internalPort)),
            ("NewInternalClient", gateway.Local.ToString()),
            ("NewEnabled", "1"),
            ("NewPortMappingDescription", Description),
            ("NewLeaseDuration", Text((int)lease.TotalSeconds)),
        ];
    }

    private async Task<IReadOnlyDictionary<string, string>> AskAsync(
        string action, IEnumerable<(string Name, string Value)> arguments, CancellationToken cancel)
    {
        var question = new HttpQuestion(
            Service.Control, $"{Service.Kind}#{action}", SoapAction.Write(Service.Kind, action, arguments));

        return SoapReply.Parse(await HttpTries.AskAsync(network, gateway, question, cancel));
    }

    private static bool TryReadPort(string text, out int port)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is >= 1 and <= IPEndPoint.MaxPort;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
