namespace Swarm.Protocol.Transport;

// The way to the other end: packets in order, each after its delay, held while the path is closed.
internal sealed partial class MemoryLink
{
    // The last of a ring, so that an idle link has one field for all that is on its way.
    private MemoryPacket? _lastSent;
    private ITimer? _arrival;
    private bool _pumping;

    /// <summary>Queues a packet; <see cref="Flush"/>, called outside every lock, delivers it.</summary>
    internal void Send(MemoryPacket packet)
    {
        if (IsClosed)
        {
            return;
        }

        lock (Gate)
        {
            long now = Network.Time.GetTimestamp();
            bool isTogether = packet.Kind == MemoryPacketKind.End && _lastSent?.Sent == now;
            Network.Count(packet.Bytes);

            // The end of a stream travels with the message before it.
            if (isTogether && _lastSent!.Stream == packet.Stream && _lastSent.Kind <= MemoryPacketKind.Message)
            {
                _lastSent.Ends = true;
                return;
            }

            packet.Sent = now;
            packet.Due = isTogether ? _lastSent!.Due : DueAt(now, packet.Bytes);
            packet.Next = _lastSent?.Next ?? packet;
            _lastSent?.Next = packet;
            _lastSent = packet;
        }
    }

    /// <summary>
    /// Delivers what is due; one thread at a time, outside the lock, so that order holds and nothing nests.
    /// </summary>
    internal void Flush()
    {
        lock (Gate)
        {
            if (_pumping)
            {
                return;
            }

            _pumping = true;
        }

        while (TryTake() is { } packet)
        {
            _peer.Receive(packet);
        }
    }

    private long DueAt(long now, int bytes)
    {
        TimeSpan delay = Network.Paths.Delay(_owner, _peer._owner, bytes);
        long due = now + (long)(delay.TotalSeconds * Network.Time.TimestampFrequency);
        return _lastSent is { } last ? Math.Max(last.Due, due) : due;
    }

    private MemoryPacket? TryTake()
    {
        lock (Gate)
        {
            if (_lastSent?.Next is { } first)
            {
                long now = Network.Time.GetTimestamp();

                if (first.Due > now)
                {
                    Await(first, Network.Time.GetElapsedTime(now, first.Due));
                }
                else if (Network.Paths.IsOpen(_owner, _peer._owner))
                {
                    _lastSent.Next = first.Next;
                    _lastSent = first == _lastSent ? null : _lastSent;
                    return first;
                }
            }
            else
            {
                _arrival?.Dispose();
                _arrival = null;
            }

            _pumping = false;
            return null;
        }
    }

    private void Await(MemoryPacket first, TimeSpan wait)
    {
        if (first.IsAwaited)
        {
            return;
        }

        first.IsAwaited = true;

        if (_arrival is null)
        {
            _arrival = Network.Time.CreateTimer(
                static link => ((MemoryLink)link!).Flush(), this, wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _ = _arrival.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }
}
