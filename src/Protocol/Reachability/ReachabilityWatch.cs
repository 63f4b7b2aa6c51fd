using System.Net;
using System.Threading.Channels;
using Google.Protobuf;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Reachability;

/// <summary>
/// Finds out whether others can dial this node, by asking them to: at first when a link comes up, then after every
/// change of the node's addresses, and now and then.
/// </summary>
/// <remarks>
/// A peer on the same local network proves nothing about the internet: once anybody sees this node at a public address,
/// only those who do are asked.
/// </remarks>
public sealed class ReachabilityWatch : IDisposable
{
    private readonly LinkPool _links;
    private readonly ITransport _transport;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Action<ReachabilityState> _tell;
    private readonly Dictionary<ByteString, (NodeId Asked, TaskCompletionSource Came)> _awaited = [];
    private readonly Channel<bool> _woken = Channel.CreateBounded<bool>(1);
    private readonly Lock _gate = new();
    private int _votes;

    /// <summary>A watch that does not ask yet.</summary>
    /// <param name="links">Whom to ask.</param>
    /// <param name="transport">Which ports to ask about.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For nonces and for whom to ask; used by this watch alone.</param>
    /// <param name="tell">Hears of every change, one after the other.</param>
    public ReachabilityWatch(
        LinkPool links, ITransport transport, TimeProvider time, Random random, Action<ReachabilityState> tell)
    {
        _links = links;
        _transport = transport;
        _time = time;
        _random = random;
        _tell = tell;
        transport.DialledBack += OnDialledBack;
        links.LinkUp += OnLinkUp;
    }

    /// <summary>What is known now.</summary>
    public ReachabilityState State { get; private set; } = new(ReachabilityVerdict.Unknown, null, 0, 0, false);

    /// <summary>The node's addresses have changed: what was found out may be wrong now.</summary>
    public void Recheck() => _ = _woken.Writer.TryWrite(true);

    /// <summary>Asks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                await WaitAsync(cancel);
                LookAround();
                await AskAsync(cancel);
                await Task.Delay(ReachabilityLimits.RoundInterval, _time, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _transport.DialledBack -= OnDialledBack;
        _links.LinkUp -= OnLinkUp;
    }

    private void OnLinkUp(ILink link)
    {
        // Where enough have voted, one more peer changes nothing.
        if (Volatile.Read(ref _votes) < ReachabilityLimits.VotesNeeded)
        {
            Recheck();
        }
    }

    private void OnDialledBack(NodeId peer, ReadOnlyMemory<byte> nonce)
    {
        lock (_gate)
        {
            if (_awaited.TryGetValue(ByteString.CopyFrom(nonce.Span), out var awaited) && awaited.Asked == peer)
            {
                _ = awaited.Came.TrySetResult();
            }
        }
    }

    // Until something happens, or so much time has passed, or the internet has come or gone.
    private async Task WaitAsync(CancellationToken cancel)
    {
        long began = _time.GetTimestamp();

        while (!await WaitAsync(ReachabilityLimits.LookInterval, cancel)
            && _time.GetElapsedTime(began) < ReachabilityLimits.RecheckInterval
            && !HasMoved())
        {
            // Nothing new.
        }
    }

    // Whether it was woken.
    private async Task<bool> WaitAsync(TimeSpan most, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(most, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            _ = await _woken.Reader.WaitToReadAsync(either.Token);
            return _woken.Reader.TryRead(out _);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    // The others were asked about one network, and those who are left are of another: a home whose way out has failed
    // must not wait for it to be one swarm.
    private bool HasMoved()
        => State.Verdict != ReachabilityVerdict.Unknown
            && IPAddress.TryParse(State.SeenAt, out IPAddress? seen)
            && Witnesses().FirstOrDefault() is { } witness
            && PublicNetwork.Contains(seen) != PublicNetwork.Contains(SeenBy(witness)!);

    // Before anybody has been asked: a node seen at a foreign address is behind a gateway, and serves nobody yet.
    private void LookAround()
    {
        if (State.Verdict != ReachabilityVerdict.Unknown || Witnesses().FirstOrDefault() is not { } witness)
        {
            return;
        }

        string seen = SeenBy(witness)!.ToString();

        if (seen != State.SeenAt)
        {
            Tell(State with { SeenAt = seen, IsTranslated = IsForeign(seen) });
        }
    }

    private async Task AskAsync(CancellationToken cancel)
    {
        ILink[] witnesses = [.. Witnesses().Take(ReachabilityLimits.PeersAskedMax)];
        int confirmed = 0;
        int failed = 0;
        List<PeerAddress> reachedAt = [];

        for (int next = 0; next < witnesses.Length && Math.Max(confirmed, failed) < ReachabilityLimits.VotesNeeded;)
        {
            int count = Math.Min(ReachabilityLimits.VotesNeeded - Math.Max(confirmed, failed), witnesses.Length - next);
            (bool? Reached, PeerAddress? At)[] votes = await Task.WhenAll(
                witnesses.Skip(next).Take(count).Select(witness => AskAsync(witness, cancel)));
            next += count;
            confirmed += votes.Count(vote => vote.Reached == true);
            failed += votes.Count(vote => vote.Reached == false);
            reachedAt.AddRange(votes.Select(vote => vote.At).OfType<PeerAddress>());
        }

        if (confirmed + failed == 0)
        {
            return;
        }

        // Who came through shows that the way is there; that another did not may be its own fault.
        Volatile.Write(ref _votes, Math.Max(confirmed, failed));
        ReachabilityVerdict verdict = confirmed >= failed
            ? ReachabilityVerdict.Reachable
            : ReachabilityVerdict.Unreachable;
        string? seen = SeenBy(witnesses[0])?.ToString() ?? State.SeenAt;
        Tell(new ReachabilityState(verdict, seen, confirmed, failed, seen is not null && IsForeign(seen))
        {
            Found = verdict == ReachabilityVerdict.Reachable ? Unknown(reachedAt) : null,
        });
    }

    // Whether a peer got through to any of this node's ports, and where; null when it cannot tell.
    private async Task<(bool? Reached, PeerAddress? At)> AskAsync(ILink witness, CancellationToken cancel)
    {
        bool? found = null;

        foreach (int port in Ports())
        {
            switch (await AskAsync(witness, port, cancel))
            {
                case true:
                    return (true, new PeerAddress(SeenBy(witness)!.ToString(), port, _links.Self));
                case false:
                    found = false;
                    break;
                default:
                    break;
            }
        }

        return (found, null);
    }

    // Where most came through, if nobody has told this node that it can be dialled there.
    private PeerAddress? Unknown(List<PeerAddress> reachedAt)
        => reachedAt
            .Where(at => at == State.Found || !_transport.Addresses.Contains(at))
            .CountBy(at => at)
            .OrderByDescending(one => one.Value)
            .ThenBy(one => one.Key.ToString(), StringComparer.Ordinal)
            .Select(one => one.Key)
            .FirstOrDefault();

    // What counts is that the nonce comes, whatever the peer says: it can deny that it reached us, but not pretend.
    private async Task<bool?> AskAsync(ILink witness, int port, CancellationToken cancel)
    {
        byte[] bytes = new byte[WireLimits.DialBackNonceBytes];
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ByteString nonce;

        lock (_gate)
        {
            _random.NextBytes(bytes);
            nonce = ByteString.CopyFrom(bytes);
            _awaited[nonce] = (witness.Remote, came);
        }

        try
        {
            var question = new DialBack { Port = (uint)port, Nonce = nonce };
            Envelope answer = await witness.RequestAsync(
                new Envelope { DialBack = question },
                StreamPriority.Control,
                ReachabilityLimits.AnswerMax,
                _time,
                cancel);

            bool? reached = came.Task.IsCompleted || answer.DialledBack is { Reached: true }
                ? await CameAsync(came.Task, cancel)
                : answer.DialledBack is { Reached: false } ? false : null;
            return reached == true && IsHole(witness, port) ? null : reached;
        }
        catch (Exception e) when (e is FaultException or LinkClosedException)
        {
            // Busy, gone, or of a version that does not dial back.
            return came.Task.IsCompleted && !IsHole(witness, port) ? true : null;
        }
        finally
        {
            lock (_gate)
            {
                _ = _awaited.Remove(nonce);
            }
        }
    }

    // What a peer proves by coming through the hole that this node's own link with it keeps open: nothing. Where a
    // gateway says that it leads that very port here, it is no hole.
    private bool IsHole(ILink witness, int port)
        => witness.IsFromListener
            && witness.RemoteHello.Observed is { } seen
            && seen.Port == port
            && !_transport.Addresses.Any(address => address.Relay is null
                && address.Host == seen.Host
                && address.Port == port
                && address != State.Found);

    // The answer may be a little faster than the end of the handshake that brings the nonce.
    private async Task<bool?> CameAsync(Task came, CancellationToken cancel)
    {
        try
        {
            await came.WaitAsync(TimeSpan.FromSeconds(1), _time, cancel);
            return true;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    // Those who are linked directly and see this node somewhere; where one sees it on the internet, only such. One of
    // each address, in an order of chance.
    private IEnumerable<ILink> Witnesses()
    {
        ILink[] links = [.. _links.Links.Where(link => SeenBy(link) is not null && link.SeenAt is not null)];
        bool isPublic = links.Any(link => PublicNetwork.Contains(SeenBy(link)!));
        ILink[] witnesses = [.. links
            .Where(link => !isPublic || PublicNetwork.Contains(SeenBy(link)!))
            .OrderBy(link => link.Remote)];

        lock (_gate)
        {
            _random.Shuffle(witnesses);
        }

        return witnesses.DistinctBy(link => link.SeenAt!.Host);
    }

    private IEnumerable<int> Ports()
        => _transport.Addresses.Select(address => address.Port).Distinct().Take(ReachabilityLimits.PortsMax);

    private static IPAddress? SeenBy(ILink link)
        => IPAddress.TryParse(link.RemoteHello.Observed?.Host, out IPAddress? seen)
            ? ReachableAddresses.Plain(seen)
            : null;

    private bool IsForeign(string seen) => _transport.OwnAddresses.All(own => own.Host != seen);

    private void Tell(ReachabilityState state)
    {
        if (state != State)
        {
            State = state;
            _tell(state);
        }
    }
}
