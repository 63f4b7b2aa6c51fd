using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Tests.Relaying;

/// <summary>A transport in memory that writes down where and when it was made to punch.</summary>
internal sealed class PunchingTransport(MemoryTransport inner, TimeProvider clock) : ITransport
{
    public List<(PeerAddress Address, bool Leads, DateTimeOffset At)> Punches { get; } = [];

    public IReadOnlyList<PeerAddress> Addresses => inner.Addresses;

    public IReadOnlyList<PeerAddress> OwnAddresses => inner.OwnAddresses;

    public Hello Hello => inner.Hello;

    public event DialledBackHandler? DialledBack
    {
        add => inner.DialledBack += value;
        remove => inner.DialledBack -= value;
    }

    public void Announce(IReadOnlyList<PeerAddress> elsewhere, bool server) => inner.Announce(elsewhere, server);

    public ValueTask<ILink> DialAsync(PeerAddress address, CancellationToken cancel) => inner.DialAsync(address, cancel);

    public ValueTask<ILink> DialFromListenerAsync(PeerAddress address, CancellationToken cancel)
        => inner.DialFromListenerAsync(address, cancel);

    public ValueTask DialBackAsync(PeerAddress address, ReadOnlyMemory<byte> nonce, CancellationToken cancel)
        => inner.DialBackAsync(address, nonce, cancel);

    public ValueTask<ILink> PunchAsync(PeerAddress address, bool leads, TimeSpan after, CancellationToken cancel)
    {
        Punches.Add((address, leads, clock.GetUtcNow() + after));
        return inner.PunchAsync(address, leads, after, cancel);
    }

    public ValueTask<ILink> DialOverAsync(
        Func<CancellationToken, Task<Circuit>> open, NodeId node, CancellationToken cancel)
        => inner.DialOverAsync(open, node, cancel);

    public ValueTask<ILink?> AcceptOverAsync(Circuit circuit, CancellationToken cancel)
        => inner.AcceptOverAsync(circuit, cancel);

    public ValueTask<ILink> AcceptAsync(CancellationToken cancel) => inner.AcceptAsync(cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
