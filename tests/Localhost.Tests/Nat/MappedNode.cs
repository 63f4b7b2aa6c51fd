using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Testing;
using Swarm.Testing.Nat;

namespace Swarm.Localhost.Tests.Nat;

/// <summary>A listener on the lab's device whose port our mapper keeps mapped.</summary>
internal sealed class MappedNode : IAsyncDisposable
{
    public const int Port = 4747;

    private readonly NatLab _lab;
    private readonly CancellationTokenSource _stop = new();
    private readonly LabNetwork _network;
    private readonly Socket _listener;
    private readonly Task _keeping;
    private readonly List<MappingState> _said = [];

    public MappedNode(NatLab lab)
    {
        _lab = lab;
        _network = new LabNetwork(lab);
        _listener = lab.Listen(Port);
        _keeping = new PortMapper(_network, TimeProvider.System, new Random(4747)).KeepAsync(
            new IPEndPoint(NatLab.Device, Port), Hear, _stop.Token);
    }

    public MappingState? Last
    {
        get
        {
            lock (_said)
            {
                return _said.LastOrDefault();
            }
        }
    }

    /// <summary>When the daemon's lease of our port ends, in seconds since 1970; 0 without one.</summary>
    public long Expiry
        => _lab.Leases.Split('\n')
            .Select(line => line.Split(':'))
            .Where(parts => parts.Length > 4 && parts[3] == "4747" && parts[2] == NatLab.Device.ToString())
            .Select(parts => long.Parse(parts[4], null))
            .FirstOrDefault();

    public Task UntilAsync(Func<MappingState, bool> condition)
        => Waiting.UntilAsync(() => Last is { } last && condition(last), TimeProvider.System);

    public Task UntilMappedAsync(string protocol)
        => UntilAsync(state => state.Mapping is not null && state.Protocol == protocol);

    /// <summary>Whether the stranger reaches the listener at the announced port.</summary>
    public Task<bool> IsReachedAsync() => _lab.ReachesAsync(Last!.Mapping!.External.Port, _listener);

    /// <summary>Renews now.</summary>
    public void Nudge() => _network.Nudge();

    /// <summary>Gives the port back.</summary>
    public async Task LeaveAsync()
    {
        _stop.Cancel();
        await _keeping;
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _network.Dispose();
        _listener.Dispose();
        _stop.Dispose();
    }

    private void Hear(MappingState state)
    {
        lock (_said)
        {
            _said.Add(state);
        }
    }
}
