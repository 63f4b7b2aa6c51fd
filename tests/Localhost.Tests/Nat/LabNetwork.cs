using System.Net;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Testing.Nat;

namespace Swarm.Localhost.Tests.Nat;

/// <summary>The real sockets, in the lab's device; its gateway is told, for /proc shows this process's.</summary>
internal sealed class LabNetwork(NatLab lab) : IGatewayNetwork, IDisposable
{
    private readonly SystemGatewayNetwork _system = new(TimeProvider.System, lab.Lan.Open);

    public event Action? Changed;

    public Gateway? Find(IPAddress listener) => new(NatLab.Router, NatLab.Device, 24);

    public IDatagrams Open(Gateway gateway) => _system.Open(gateway);

    public IDatagrams OpenAnnouncements(Gateway gateway) => _system.OpenAnnouncements(gateway);

    public Task<HttpAnswer> AskAsync(Gateway gateway, HttpQuestion question, CancellationToken cancel)
        => _system.AskAsync(gateway, question, cancel);

    /// <summary>As if an interface had changed: what is held is renewed at once.</summary>
    public void Nudge() => Changed?.Invoke();

    public void Dispose() => _system.Dispose();
}
