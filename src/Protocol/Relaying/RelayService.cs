using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>
/// Carries circuits to nodes that nobody can dial (the idea of libp2p's circuit relay v2). What passes is the TLS of
/// the two ends: a relay can delay or drop it, and read or change nothing.
/// </summary>
public sealed class RelayService
{
    private const double SecondsPerHour = 3600;

    private readonly LinkPool _links;
    private readonly TimeProvider _time;
    private readonly RelayOptions _options;
    private readonly Dictionary<NodeId, Reservation> _reservations = [];
    private readonly Dictionary<NodeId, int> _circuits = [];
    private readonly Dictionary<NodeId, (double Bytes, long At)> _spent = [];
    private readonly Lock _gate = new();
    private int _circuitCount;

    /// <summary>Lets a node relay on its links, whose accept loop must not run yet.</summary>
    public RelayService(LinkPool links, TimeProvider time, RelayOptions options)
    {
        _links = links;
        _time = time;
        _options = options;
        links.Handle(Envelope.BodyOneofCase.Reserve, ReserveAsync);
        links.Handle(Envelope.BodyOneofCase.Connect, ConnectAsync);
    }

    /// <summary>Nodes that can be asked for here.</summary>
    public int Reservations
    {
        get
        {
            lock (_gate)
            {
                Sweep();
                return _reservations.Count;
            }
        }
    }

    /// <summary>Circuits that are open.</summary>
    public int Circuits
    {
        get
        {
            lock (_gate)
            {
                return _circuitCount;
            }
        }
    }

    private async Task ReserveAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        RefuseRelayed(stream.Link);

        lock (_gate)
        {
            Sweep();
            string? host = stream.Link.SeenAt?.Host;

            if (!_reservations.ContainsKey(stream.Link.Remote)
                && (_reservations.Count >= _options.ReservationsMax
                    || _reservations.Values.Count(held => host is not null && held.Link.SeenAt?.Host == host)
                        >= _options.ReservationsPerAddressMax))
            {
                throw new FaultException(FaultCode.Busy, "This relay has no place left; ask another.");
            }

            _reservations[stream.Link.Remote] = new Reservation(stream.Link, _time.GetTimestamp());
        }

        _links.Pin(stream.Link.Remote);
        var reserved = new Reserved { TtlSeconds = (uint)_options.ReservationLife.TotalSeconds };
        await stream.SendAsync(new Envelope { Reserved = reserved }, default, cancel);
        await stream.EndAsync(cancel);
    }

    private async Task ConnectAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        if (first.Connect.Node.Length != NodeId.Size)
        {
            throw new ProtocolException($"A Connect needs a node of {NodeId.Size} bytes.");
        }

        RefuseRelayed(stream.Link);
        NodeId caller = stream.Link.Remote;
        var node = NodeId.Read(first.Connect.Node.Span);
        ILink target = Enter(caller, node);

        try
        {
            await using ILinkStream onward = await target.OpenAsync(StreamPriority.Decode, cancel);
            await CallAsync(onward, stream.Link.SeenAt, cancel);
            var connected = new Connected { Seen = Seen(target.SeenAt) };
            await stream.SendAsync(new Envelope { Connected = connected }, default, cancel);
            await CarryAsync(caller, stream, onward, cancel);
        }
        finally
        {
            Leave(caller, node);
        }
    }

    // Asks the node at the far end to take the circuit.
    private async Task CallAsync(ILinkStream onward, PeerAddress? caller, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(RelayTimes.AnswerMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            var incoming = new Incoming { Seen = Seen(caller) };
            await onward.SendAsync(new Envelope { Incoming = incoming }, default, either.Token);

            if (await onward.ReceiveAsync(either.Token) is not { Connected: not null })
            {
                throw new FaultException(FaultCode.HopFailed, "The node does not take the circuit.");
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new FaultException(FaultCode.HopFailed, "The node does not answer its relay.");
        }
    }

    // Both ways until both have ended, or one has failed, or what is given away is used up.
    private async Task CarryAsync(
        NodeId caller, ILinkStream one, ILinkStream other, CancellationToken cancel)
    {
        using var life = new CancellationTokenSource(_options.CircuitLife, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(life.Token, cancel);
        Task there = CarryAsync(caller, one, other, either);
        Task back = CarryAsync(caller, other, one, either);

        try
        {
            await Task.WhenAll(there, back);
        }
        catch (Exception e) when (e is FaultException or LinkClosedException or OperationCanceledException)
        {
            var over = new Fault
            {
                Code = e is FaultException { Code: FaultCode.Busy } ? FaultCode.Busy : FaultCode.Cancelled,
                Message = life.IsCancellationRequested ? "The circuit's time is over." : e.Message,
            };
            one.Reset(over);
            other.Reset(over);
        }
    }

    private async Task CarryAsync(NodeId caller, ILinkStream from, ILinkStream to, CancellationTokenSource circuit)
    {
        // Also what the other direction throws ends this one.
        try
        {
            byte[] buffer = new byte[RelayTimes.CarryBytesMax];

            while (await from.ReceiveAsync(circuit.Token) is { } message)
            {
                if (message.BodyCase != Envelope.BodyOneofCase.Carry || from.PayloadLength > buffer.Length)
                {
                    throw new FaultException(FaultCode.Protocol, "Only bytes pass a circuit, 64 KiB at a time.");
                }

                Memory<byte> bytes = buffer.AsMemory(0, from.PayloadLength);
                Spend(caller, bytes.Length);
                await from.ReadPayloadAsync(bytes, circuit.Token);
                await to.SendAsync(new Envelope { Carry = new Carry() }, bytes, circuit.Token);
            }

            await to.EndAsync(circuit.Token);
        }
        catch
        {
            circuit.Cancel();
            throw;
        }
    }

    private static void RefuseRelayed(ILink link)
    {
        if (link.Relay is not null)
        {
            throw new FaultException(FaultCode.NotServed, "No relay over a relay: it would hide who asks.");
        }
    }

    // Both ends hear where the other one is: neither can send the other to a third.
    private static Address? Seen(PeerAddress? end)
        => end is null ? null : new Address { Host = end.Host, Port = (uint)end.Port };

    private ILink Enter(NodeId caller, NodeId node)
    {
        lock (_gate)
        {
            Sweep();

            if (!_reservations.TryGetValue(node, out Reservation? held))
            {
                throw new FaultException(FaultCode.HopFailed, "That node has no reservation here.");
            }

            if (_circuitCount >= _options.CircuitsMax
                || _circuits.GetValueOrDefault(caller) >= _options.CircuitsPerPeerMax
                || _circuits.GetValueOrDefault(node) >= _options.CircuitsPerPeerMax)
            {
                throw new FaultException(FaultCode.Busy, "This relay carries all it may; try another.");
            }

            _circuitCount++;
            _circuits[caller] = _circuits.GetValueOrDefault(caller) + 1;
            _circuits[node] = _circuits.GetValueOrDefault(node) + 1;
            return held.Link;
        }
    }

    private void Leave(NodeId caller, NodeId node)
    {
        lock (_gate)
        {
            _circuitCount--;

            foreach (NodeId end in (NodeId[])[caller, node])
            {
                if (--_circuits[end] == 0)
                {
                    _ = _circuits.Remove(end);
                }
            }
        }
    }

    // A bucket that an hour fills: at most so much at once, and so much an hour in the long run.
    private void Spend(NodeId caller, int bytes)
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            (double spent, long at) = _spent.GetValueOrDefault(caller, (0, now));
            double back = _time.GetElapsedTime(at, now).TotalSeconds * _options.BytesPerPeerPerHourMax / SecondsPerHour;
            spent = Math.Max(0, spent - back) + bytes;

            if (spent > _options.BytesPerPeerPerHourMax)
            {
                throw new FaultException(FaultCode.Busy, "This relay has carried enough for you in this hour.");
            }

            _spent[caller] = (spent, now);
        }
    }

    private void Sweep()
    {
        foreach ((NodeId node, Reservation held) in _reservations.ToArray())
        {
            if (held.Link.Closed.IsCancellationRequested
                || _time.GetElapsedTime(held.Since) > _options.ReservationLife)
            {
                _ = _reservations.Remove(node);
                _links.Unpin(node);
            }
        }

        // Whose hour is over need not be remembered.
        if (_spent.Count > RelayTimes.RatedPeersMax)
        {
            foreach ((NodeId peer, (_, long at)) in _spent.ToArray())
            {
                if (_time.GetElapsedTime(at).TotalSeconds > SecondsPerHour)
                {
                    _ = _spent.Remove(peer);
                }
            }
        }
    }

    private sealed record Reservation(ILink Link, long Since);
}
