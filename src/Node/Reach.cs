using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Reachability;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>
/// How others reach this node, found out by asking them and told to them: directly, and it serves the DHT; or through
/// relays, at which it keeps places. It dials back, relays and meets for others, too.
/// </summary>
internal sealed class Reach : IAsyncDisposable
{
    private readonly ITransport _transport;
    private readonly LinkPool _links;
    private readonly DhtNode _dht;
    private readonly ILogger _log;
    private readonly ReachabilityWatch _watch;
    private readonly RelayKeeper _keeper;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private IReadOnlyList<PeerAddress> _mapped = [];
    private IReadOnlyList<PeerAddress> _relayed = [];
    private PeerAddress? _found;
    private Task _running = Task.CompletedTask;
    private ReachabilityVerdict _told = ReachabilityVerdict.Unknown;

    public Reach(
        ITransport transport, LinkPool links, DhtNode dht, TimeProvider time, Random random, ILogger log)
    {
        _transport = transport;
        _links = links;
        _dht = dht;
        _log = log;
        _watch = new ReachabilityWatch(links, transport, time, random, Learn);
        _ = new DialBackService(links, transport, time);
        _ = new RelayService(links, time, new RelayOptions());
        _keeper = new RelayKeeper(links, transport, time, random, LearnRelays);
        _ = new Meeting(links, transport, time, Learn);
    }

    /// <summary>Begins to ask. Who listens on loopback only is reached by this device, and knows it.</summary>
    public void Start()
    {
        if (!_transport.OwnAddresses.All(IsLoopback))
        {
            _running = Task.WhenAll(_watch.RunAsync(_stop.Token), _keeper.RunAsync(_stop.Token));
        }
    }

    /// <summary>This device has other addresses than before.</summary>
    public void Follow()
    {
        NodeLog.AddressesChanged(
            _log, string.Join(", ", _transport.OwnAddresses.Select(own => (own with { Node = null }).ToString())));

        if (_running.IsCompleted)
        {
            Start();
        }

        Announce();
        _watch.Recheck();
    }

    /// <summary>A gateway leads an address of its own here, or does so no longer.</summary>
    public void Map(PeerAddress? mapped)
    {
        lock (_gate)
        {
            _mapped = mapped is null ? [] : [mapped];
        }

        Announce();
        _watch.Recheck();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _watch.Dispose();
        _stop.Dispose();
    }

    private static bool IsLoopback(PeerAddress address)
        => IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip);

    private void Learn(ReachabilityState state)
    {
        bool isNews = _dht.IsServer != state.IsServer;
        _dht.IsServer = state.IsServer;
        bool isFound;

        lock (_gate)
        {
            isFound = state.Found is not null && _found != state.Found;
            isNews |= _found != state.Found;
            _found = state.Found;
        }

        if (isNews)
        {
            Announce();
        }

        if (isFound)
        {
            NodeLog.PortForwarded(_log, (state.Found! with { Node = null }).ToString());
        }

        _keeper.IsWanted = state.Verdict == ReachabilityVerdict.Unreachable;

        if (state.Verdict == _told)
        {
            return;
        }

        _told = state.Verdict;

        if (state.Verdict == ReachabilityVerdict.Reachable)
        {
            NodeLog.Reachable(_log, state.Confirmed, state.Confirmed + state.Failed);
        }
        else if (state.Verdict == ReachabilityVerdict.Unreachable)
        {
            NodeLog.Unreachable(_log, state.SeenAt ?? "", state.Failed, state.Confirmed + state.Failed);
        }
    }

    private void Learn(NodeId peer, MeetingOutcome outcome)
    {
        if (outcome == MeetingOutcome.Relayed)
        {
            NodeLog.StaysRelayed(_log, peer.ToString());
            return;
        }

        NodeLog.PeerMet(
            _log,
            peer.ToString(),
            outcome switch
            {
                MeetingOutcome.DialledBack => "it dialled back",
                MeetingOutcome.Dialled => "this node dialled it",
                _ => "both dialled at once",
            });
    }

    private void LearnRelays(IReadOnlyList<PeerAddress> relayed)
    {
        lock (_gate)
        {
            _relayed = relayed;
        }

        Announce();

        foreach (PeerAddress address in relayed)
        {
            NodeLog.RelayHeld(
                _log, (address with { Node = null, Relay = null }).ToString(), address.Relay.ToString()!);
        }

        if (relayed.Count == 0 && _keeper.IsWanted)
        {
            NodeLog.NoRelay(_log);
        }
    }

    // In the next Hello, and to those who have read one already.
    private void Announce()
    {
        lock (_gate)
        {
            IEnumerable<PeerAddress> found = _found is { } forwarded ? [forwarded] : [];
            _transport.Announce([.. _mapped, .. found, .. _relayed], _watch.State.IsServer);
        }

        _ = _links.AnnounceAsync(_stop.Token);
    }
}
