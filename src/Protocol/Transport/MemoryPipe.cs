namespace Swarm.Protocol.Transport;

/// <summary>
/// One direction of a link in memory: packets in order, each after its delay, held while the path is closed.
/// </summary>
/// <remarks>Costs next to nothing while nothing is on its way: simulations have millions.</remarks>
internal sealed class MemoryPipe(MemoryLink link)
{
    private MemoryPacket? _first;
    private MemoryPacket? _last;
    private ITimer? _timer;
    private long _lastSent;
    private long _lastDue;
    private bool _pumping;

    /// <summary>Queues a packet; <see cref="Pump"/>, called outside every lock, delivers it.</summary>
    internal void Send(MemoryPacket packet)
    {
        MemoryNetwork network = link.Network;

        lock (link.Gate)
        {
            long now = network.Time.GetTimestamp();

            // The end of a stream travels with the message before it.
            if (packet.Kind != MemoryPacketKind.End || _first is null || _lastSent != now)
            {
                TimeSpan delay = network.Paths.Delay(link.Local, link.Remote, packet.Bytes);
                long due = now + (long)(delay.TotalSeconds * network.Time.TimestampFrequency);
                _lastDue = Math.Max(_lastDue, due);
            }

            network.Count(packet.Bytes);
            _lastSent = now;
            packet.Due = _lastDue;

            if (_first is null)
            {
                _first = packet;
            }
            else
            {
                _last!.Next = packet;
            }

            _last = packet;
        }
    }

    /// <summary>
    /// Delivers what is due; one thread at a time, outside the lock, so that order holds and nothing nests.
    /// </summary>
    internal void Pump()
    {
        lock (link.Gate)
        {
            if (_pumping)
            {
                return;
            }

            _pumping = true;
        }

        while (TryTake() is { } packet)
        {
            link.Deliver(packet);
        }
    }

    private MemoryPacket? TryTake()
    {
        MemoryNetwork network = link.Network;

        lock (link.Gate)
        {
            if (_first is { } first && network.Paths.IsOpen(link.Local, link.Remote))
            {
                TimeSpan wait = network.Time.GetElapsedTime(network.Time.GetTimestamp(), first.Due);

                if (wait <= TimeSpan.Zero)
                {
                    _first = first.Next;
                    _last = _first is null ? null : _last;
                    return first;
                }

                Arm(wait);
            }
            else if (_first is null)
            {
                _timer?.Dispose();
                _timer = null;
            }

            _pumping = false;
            return null;
        }
    }

    private void Arm(TimeSpan wait)
    {
        if (_timer is null)
        {
            _timer = link.Network.Time.CreateTimer(
                static pipe => ((MemoryPipe)pipe!).Pump(), this, wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _ = _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }
}
