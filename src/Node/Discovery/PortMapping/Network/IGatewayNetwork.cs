using System.Net;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>All that port mapping needs of the outside: sockets in life, a script in tests.</summary>
internal interface IGatewayNetwork
{
    /// <summary>An interface came, went or changed its address; raised on any thread.</summary>
    event Action? Changed;

    /// <summary>The gateway for connections that a listener at this address takes; null when there is none.</summary>
    Gateway? Find(IPAddress listener);

    /// <summary>Opens a port of its own on the gateway's network.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The system has none.</exception>
    IDatagrams Open(Gateway gateway);

    /// <summary>Opens the port at which gateways announce their restart.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The system does not share it.</exception>
    IDatagrams OpenAnnouncements(Gateway gateway);

    /// <summary>Asks over HTTP, following no redirect.</summary>
    /// <exception cref="GatewayException">No answer within the limits of time and size.</exception>
    Task<HttpAnswer> AskAsync(Gateway gateway, HttpQuestion question, CancellationToken cancel);
}
