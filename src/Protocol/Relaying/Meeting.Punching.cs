using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

// Two nodes that nobody can dial: each tells the other where it is seen, and both dial at the same moment.
public sealed partial class Meeting
{
    private readonly Dictionary<NodeId, long> _givenUp = [];
    private readonly HashSet<NodeId> _led = [];

    // From the circuit's dialler: it measures the round trip, says "now", and waits for half of it.
    private async Task LeadAsync(ILink relayed, CancellationToken cancel)
    {
        Address[] own = MeetingAddresses.Own(_links);

        if (own.Length == 0 || relayed.SeenByRelay is null || !TryBegin(relayed.Remote))
        {
            return;
        }

        try
        {
            await LeadAsync(relayed, own, cancel);
        }
        finally
        {
            lock (_gate)
            {
                _ = _led.Remove(relayed.Remote);
            }
        }
    }

    private async Task LeadAsync(ILink relayed, Address[] own, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(RelayTimes.PunchingMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            await using ILinkStream stream = await relayed.OpenAsync(StreamPriority.Control, either.Token);

            for (int attempt = 0; attempt < RelayTimes.PunchesMax; attempt++)
            {
                long askedAt = _time.GetTimestamp();
                var meet = new Meet { Seen = { own } };
                await stream.SendAsync(new Envelope { Meet = meet }, default, either.Token);
                Envelope? answer = await stream.ReceiveAsync(either.Token);
                TimeSpan roundTrip = _time.GetElapsedTime(askedAt);
                PeerAddress[] peer = Check(answer?.MeetAt?.Seen ?? [], relayed);

                if (peer.Length == 0)
                {
                    await stream.EndAsync(either.Token);
                    return;
                }

                // Expected before it can come.
                Task<bool> punching = PunchAsync(peer, leads: true, roundTrip / 2, either.Token);
                await stream.SendAsync(new Envelope { MeetNow = new MeetNow() }, default, either.Token);

                if (await punching)
                {
                    _tell(relayed.Remote, MeetingOutcome.Punched);
                    await stream.EndAsync(either.Token);
                    return;
                }
            }

            GiveUp(relayed.Remote);
            await stream.EndAsync(either.Token);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            // They stay with the relay.
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            GiveUp(relayed.Remote);
        }
    }

    // From the one who was called: it dials the moment it hears "now".
    private async Task FollowAsync(Meet meet, ILinkStream stream, CancellationToken cancel)
    {
        ILink relayed = stream.Link;
        using var patience = new CancellationTokenSource(RelayTimes.PunchingMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            for (int attempt = 0; attempt < RelayTimes.PunchesMax; attempt++)
            {
                PeerAddress[] peer = Check(meet.Seen, relayed);
                Address[] own = peer.Length == 0 ? [] : MeetingAddresses.Own(_links);
                var answer = new MeetAt { Seen = { own } };
                await stream.SendAsync(new Envelope { MeetAt = answer }, default, either.Token);

                if (own.Length == 0 || await stream.ReceiveAsync(either.Token) is not { MeetNow: not null })
                {
                    break;
                }

                if (await PunchAsync(peer, leads: false, TimeSpan.Zero, either.Token))
                {
                    _tell(relayed.Remote, MeetingOutcome.Punched);
                    break;
                }

                if (attempt == RelayTimes.PunchesMax - 1)
                {
                    _tell(relayed.Remote, MeetingOutcome.Relayed);
                    break;
                }

                if (await stream.ReceiveAsync(either.Token) is not { Meet: { Reachable: false } again })
                {
                    break;
                }

                meet = again;
            }

            await stream.EndAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new FaultException(FaultCode.Timeout, "The meeting takes too long.");
        }
    }

    private async Task<bool> PunchAsync(
        PeerAddress[] peer, bool leads, TimeSpan after, CancellationToken cancel)
    {
        try
        {
            _ = await _links.PunchAsync(peer, leads, after, cancel);
            return true;
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            // The peer's packets may have come first, as those of any other dial.
            return _links.TryGet(peer[0].Node!.Value, out ILink? link) && link.Relay is null;
        }
    }

    // The relay's own word is measured by where this node sees it.
    private PeerAddress[] Check(IEnumerable<Address> claimed, ILink relayed)
        => MeetingAddresses.Check(
            claimed,
            relayed.Remote,
            relayed.SeenByRelay,
            relayed.Relay is { } relay && _links.TryGet(relay, out ILink? link) ? link.SeenAt : null);

    // One at a time with each, and not soon again after one that failed.
    private bool TryBegin(NodeId peer)
    {
        lock (_gate)
        {
            return !(_givenUp.TryGetValue(peer, out long at) && _time.GetElapsedTime(at) < RelayTimes.PunchAgainWait)
                && _led.Add(peer);
        }
    }

    private void GiveUp(NodeId peer)
    {
        lock (_gate)
        {
            if (_givenUp.Count >= RelayTimes.RatedPeersMax)
            {
                _givenUp.Clear();
            }

            _givenUp[peer] = _time.GetTimestamp();
        }

        _tell(peer, MeetingOutcome.Relayed);
    }
}
