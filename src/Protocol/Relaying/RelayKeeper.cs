using System.Threading.Channels;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>Keeps places at relays for a node that nobody can dial, and takes the circuits that come.</summary>
public sealed class RelayKeeper
{
    private readonly LinkPool _links;
    private readonly ITransport _transport;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Action<IReadOnlyList<PeerAddress>> _tell;
    private readonly Dictionary<NodeId, Place> _places = [];
    private readonly Dictionary<NodeId, long> _refused = [];
    private readonly Channel<bool> _woken = Channel.CreateBounded<bool>(1);
    private readonly Lock _gate = new();
    private volatile bool _isWanted;

    /// <summary>A keeper that asks nobody yet; the links' accept loop must not run yet.</summary>
    /// <param name="links">Among whose peers relays are looked for.</param>
    /// <param name="transport">Brings links up in circuits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For whom to ask; used by this keeper alone.</param>
    /// <param name="tell">Hears of every change of the addresses that lead here.</param>
    public RelayKeeper(
        LinkPool links,
        ITransport transport,
        TimeProvider time,
        Random random,
        Action<IReadOnlyList<PeerAddress>> tell)
    {
        _links = links;
        _transport = transport;
        _time = time;
        _random = random;
        _tell = tell;
        links.Handle(Envelope.BodyOneofCase.Incoming, TakeAsync);
        links.LinkUp += _ => Wake();
    }

    /// <summary>Whether relays are needed; those held are let go of when not.</summary>
    public bool IsWanted
    {
        get => _isWanted;
        set
        {
            _isWanted = value;
            Wake();
        }
    }

    /// <summary>The links with the relays at which a place is held.</summary>
    public IReadOnlyList<ILink> Relays
    {
        get
        {
            lock (_gate)
            {
                return [.. _places.Values.Select(place => place.Link)];
            }
        }
    }

    /// <summary>Looks for relays and renews places until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                await WaitAsync(cancel);
                bool changed = LetGo();

                if (_isWanted)
                {
                    changed |= await RenewAsync(cancel);
                    changed |= await FillAsync(cancel);
                }

                if (changed)
                {
                    _tell(Addresses());
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private void Wake() => _ = _woken.Writer.TryWrite(true);

    private async Task WaitAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(
            _isWanted ? RelayTimes.SearchInterval : Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            _ = await _woken.Reader.WaitToReadAsync(either.Token);
            _ = _woken.Reader.TryRead(out _);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Time to look again.
        }
    }

    // A place ends with its link, and all of them when nobody needs them.
    private bool LetGo()
    {
        lock (_gate)
        {
            NodeId[] over = [.. _places
                .Where(place => !_isWanted || place.Value.Link.Closed.IsCancellationRequested)
                .Select(place => place.Key)];

            foreach (NodeId relay in over)
            {
                _ = _places.Remove(relay);
                _links.Unpin(relay);
            }

            return over.Length > 0;
        }
    }

    private async Task<bool> RenewAsync(CancellationToken cancel)
    {
        bool lost = false;

        foreach (ILink link in Relays)
        {
            Place place = _places[link.Remote];

            if (_time.GetElapsedTime(place.Since) > place.Life / 2 && !await TryReserveAsync(link, cancel))
            {
                lock (_gate)
                {
                    _ = _places.Remove(link.Remote);
                }

                _links.Unpin(link.Remote);
                lost = true;
            }
        }

        return lost;
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        bool found = false;
        ILink[] candidates = [.. _links.Links.Where(IsCandidate).OrderBy(link => link.Remote)];
        _random.Shuffle(candidates);

        foreach (ILink candidate in candidates)
        {
            if (_places.Count >= RelayTimes.RelaysWanted)
            {
                break;
            }

            if (await OwnPortAsync(candidate, cancel) is { } link && await TryReserveAsync(link, cancel))
            {
                found = true;
            }
            else
            {
                _refused[candidate.Remote] = _time.GetTimestamp();
            }
        }

        return found;
    }

    private bool IsCandidate(ILink link)
        => link.Relay is null
            && link.RemoteHello.Server
            && link.RemoteHello.Addresses.Count > 0
            && !_places.ContainsKey(link.Remote)
            && !(_refused.TryGetValue(link.Remote, out long at) && _time.GetElapsedTime(at) < RelayTimes.RefusalWait);

    // The link with a relay comes from the port this node listens at: where the relay sees it, others may punch.
    private async Task<ILink?> OwnPortAsync(ILink link, CancellationToken cancel)
    {
        try
        {
            return link.IsFromListener ? link : await _links.RedialAsync(AddressOf(link), cancel);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            return link.IsClosed ? null : link;
        }
    }

    private async Task<bool> TryReserveAsync(ILink link, CancellationToken cancel)
    {
        try
        {
            Envelope answer = await link.RequestAsync(
                new Envelope { Reserve = new Reserve() },
                StreamPriority.Control,
                RelayTimes.AnswerMax,
                _time,
                cancel);

            if (answer.Reserved is not { TtlSeconds: > 0 } reserved)
            {
                return false;
            }

            lock (_gate)
            {
                _places[link.Remote] = new Place(
                    link, _time.GetTimestamp(), TimeSpan.FromSeconds(reserved.TtlSeconds));
            }

            _links.Pin(link.Remote);
            return true;
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            return false;
        }
    }

    private PeerAddress[] Addresses()
        => [.. Relays.Select(link => AddressOf(link) with { Node = _links.Self, Relay = link.Remote })];

    // Where this node reached it, if it listens there; else where it says that it listens, on the internet first.
    private static PeerAddress AddressOf(ILink relay)
    {
        PeerAddress[] said = [.. relay.RemoteHello.Addresses
            .Where(address => address.Relay.IsEmpty && address.Port is >= 1 and <= 65535)
            .Select(address => new PeerAddress(address.Host, (int)address.Port, relay.Remote))];

        return said.FirstOrDefault(address => address == relay.SeenAt)
            ?? said.FirstOrDefault(address => address.IsPublic)
            ?? said.FirstOrDefault()
            ?? relay.SeenAt!;
    }

    // Somebody asks for this node at a relay; the handshake is between the two ends.
    private async Task TakeAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (!_places.ContainsKey(stream.Link.Remote))
            {
                throw new FaultException(FaultCode.NotServed, "No place was asked for at this relay.");
            }
        }

        await stream.SendAsync(new Envelope { Connected = new Connected() }, default, cancel);
        ILink? link = await _transport.AcceptOverAsync(
            Circuit.Read(stream, first.Incoming.Seen), cancel);

        if (link is not null)
        {
            await link.UntilClosedAsync(cancel);
        }
    }

    private sealed record Place(ILink Link, long Since, TimeSpan Life);
}
