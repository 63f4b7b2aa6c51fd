using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>
/// Two nodes that are linked by a relay try to meet without it: the one that nobody can dial dials the other, or both
/// dial at once (the ideas of libp2p's DCUtR).
/// </summary>
public sealed partial class Meeting
{
    private readonly LinkPool _links;
    private readonly ITransport _transport;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Action<NodeId, MeetingOutcome> _tell;
    private readonly Lock _gate = new();
    private readonly RateLimit _rate = new(
        RelayTimes.MeetingsPerMinuteMax / 60, RelayTimes.MeetingsPerMinuteMax, RelayTimes.RatedPeersMax);

    private readonly RateBudget _all = new(
        RelayTimes.AllMeetingsPerMinuteMax / 60, RelayTimes.AllMeetingsPerMinuteMax);

    /// <summary>Lets a node meet others on its links, whose accept loop must not run yet.</summary>
    /// <param name="links">The node's links.</param>
    /// <param name="transport">What it says of itself.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Hears whom this node met, and how, or whom not.</param>
    public Meeting(LinkPool links, ITransport transport, TimeProvider time, Action<NodeId, MeetingOutcome> tell)
    {
        _links = links;
        _transport = transport;
        _time = time;
        _tell = tell;
        _startedAt = time.GetTimestamp();
        links.Handle(Envelope.BodyOneofCase.Meet, AnswerAsync);
        links.Relayed = MeetAsync;
    }

    // Over a link that this node dialled through a relay.
    private Task MeetAsync(ILink relayed, CancellationToken cancel)
        => _transport.Hello.Server ? AskBackAsync(relayed, cancel) : LeadAsync(relayed, cancel);

    private async Task AskBackAsync(ILink relayed, CancellationToken cancel)
    {
        try
        {
            Envelope answer = await relayed.RequestAsync(
                new Envelope { Meet = new Meet { Reachable = true } },
                StreamPriority.Control,
                RelayTimes.MeetingMax,
                _time,
                cancel);

            if (answer.MeetAt is { Met: true })
            {
                _tell(relayed.Remote, MeetingOutcome.DialledBack);
            }
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            // They stay with the relay.
        }
    }

    private async Task AnswerAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        ILink relayed = stream.Link;

        if (relayed.Relay is null)
        {
            throw new FaultException(FaultCode.NotServed, "This link needs no other.");
        }

        lock (_gate)
        {
            TimeSpan now = _time.GetElapsedTime(_startedAt);

            if (!_rate.TryTake(relayed.Remote, now) || !_all.TryTake(now))
            {
                throw new FaultException(FaultCode.Busy, "Too many meetings.");
            }
        }

        if (!first.Meet.Reachable)
        {
            await FollowAsync(first.Meet, stream, cancel);
            return;
        }

        bool met = await DialAsync(relayed, cancel);
        await stream.SendAsync(new Envelope { MeetAt = new MeetAt { Met = met } }, default, cancel);
        await stream.EndAsync(cancel);
    }

    // Connection reversal: the caller can be dialled, so this node dials it.
    private async Task<bool> DialAsync(ILink relayed, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(RelayTimes.MeetingMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        PeerAddress[] addresses = Check(relayed.RemoteHello.Addresses, relayed);

        try
        {
            _ = await _links.DialFirstAsync(addresses, either.Token);
            _tell(relayed.Remote, MeetingOutcome.Dialled);
            return true;
        }
        catch (Exception e) when (e is LinkClosedException or FaultException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
