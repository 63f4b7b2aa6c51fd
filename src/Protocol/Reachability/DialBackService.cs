using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Reachability;

/// <summary>
/// Dials peers back at a port they name, so that they learn whether it is open (the idea of libp2p's AutoNAT v2).
/// </summary>
/// <remarks>
/// Nobody can turn this against a third party: the host is always the one the asker's own connection comes from, and
/// a TCP connection's source cannot be forged.
/// </remarks>
public sealed class DialBackService
{
    private readonly ITransport _transport;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly RateBudget _all = new(
        ReachabilityLimits.DialBacksPerMinuteMax / 60, ReachabilityLimits.DialBacksPerMinuteMax);

    private readonly RateLimit _each = new(
        ReachabilityLimits.DialBacksPerPeerPerMinuteMax / 60,
        ReachabilityLimits.DialBacksPerPeerPerMinuteMax,
        ReachabilityLimits.RatedPeersMax);

    private readonly Dictionary<NodeId, int> _running = [];
    private readonly Lock _gate = new();

    /// <summary>Lets a node answer on its links, whose accept loop must not run yet.</summary>
    public DialBackService(LinkPool links, ITransport transport, TimeProvider time)
    {
        _transport = transport;
        _time = time;
        _startedAt = time.GetTimestamp();
        links.Handle(Envelope.BodyOneofCase.DialBack, AnswerAsync);
    }

    private async Task AnswerAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        DialBack asked = first.DialBack;

        if (asked.Port is < 1 or > 65535 || asked.Nonce.Length != WireLimits.DialBackNonceBytes)
        {
            throw new ProtocolException("A DialBack needs a port and a nonce of 16 bytes.");
        }

        if (stream.Link.SeenAt is not { } seen)
        {
            throw new FaultException(FaultCode.NotServed, "You are not seen at an address that could be dialled.");
        }

        NodeId peer = stream.Link.Remote;
        Enter(peer);

        try
        {
            string reason = await DialAsync(
                seen with { Port = (int)asked.Port, Node = peer }, asked.Nonce.Memory, cancel);
            var answer = new DialledBack { Reached = reason.Length == 0, Reason = reason };
            await stream.SendAsync(new Envelope { DialledBack = answer }, default, cancel);
            await stream.EndAsync(cancel);
        }
        finally
        {
            Leave(peer);
        }
    }

    // Empty when the peer was reached.
    private async Task<string> DialAsync(PeerAddress address, ReadOnlyMemory<byte> nonce, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ReachabilityLimits.DialBackMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            await _transport.DialBackAsync(address, nonce, either.Token);
            return "";
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return "no answer";
        }
    }

    private void Enter(NodeId peer)
    {
        lock (_gate)
        {
            TimeSpan now = _time.GetElapsedTime(_startedAt);
            int running = _running.GetValueOrDefault(peer);

            if (running >= ReachabilityLimits.DialBacksAtOncePerPeerMax
                || !_each.TryTake(peer, now)
                || !_all.TryTake(now))
            {
                throw new FaultException(FaultCode.Busy, "Too many dial-backs; ask later, or somebody else.");
            }

            _running[peer] = running + 1;
        }
    }

    private void Leave(NodeId peer)
    {
        lock (_gate)
        {
            if (--_running[peer] == 0)
            {
                _ = _running.Remove(peer);
            }
        }
    }
}
