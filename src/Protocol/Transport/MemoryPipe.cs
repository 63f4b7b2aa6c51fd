using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>
/// One direction of a link in memory: packets in order, each after its delay, held while the path is closed.
/// </summary>
internal sealed class MemoryPipe(MemoryNetwork network, NodeId from, NodeId to, Action<MemoryPacket> deliver)
    : IDisposable
{
    private readonly Queue<(long Due, MemoryPacket Packet)> _queue = new();
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private long _lastDue;
    private bool _pumping;

    /// <summary>Queues a packet; <see cref="Pump"/>, called outside every lock, delivers it.</summary>
    internal void Send(in MemoryPacket packet)
    {
        lock (_gate)
        {
            long delay = (long)(network.Paths.Delay(from, to, packet.Bytes).TotalSeconds
                * network.Time.TimestampFrequency);
            _lastDue = Math.Max(_lastDue, network.Time.GetTimestamp() + delay);
            _queue.Enqueue((_lastDue, packet));
        }
    }

    /// <summary>
    /// Delivers what is due; one thread at a time, outside the lock, so that order holds and nothing nests.
    /// </summary>
    internal void Pump()
    {
        lock (_gate)
        {
            if (_pumping)
            {
                return;
            }

            _pumping = true;
        }

        while (TryTake(out MemoryPacket packet))
        {
            deliver(packet);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _queue.Clear();
            _timer?.Dispose();
            _timer = null;
        }
    }

    private bool TryTake(out MemoryPacket packet)
    {
        packet = default;

        lock (_gate)
        {
            if (_queue.TryPeek(out (long Due, MemoryPacket Packet) head) && network.Paths.IsOpen(from, to))
            {
                TimeSpan wait = network.Time.GetElapsedTime(network.Time.GetTimestamp(), head.Due);

                if (wait <= TimeSpan.Zero)
                {
                    packet = _queue.Dequeue().Packet;
                    return true;
                }

                Arm(wait);
            }

            _pumping = false;
            return false;
        }
    }

    private void Arm(TimeSpan wait)
    {
        _timer ??= network.Time.CreateTimer(
            static pipe => ((MemoryPipe)pipe!).Pump(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);

        _ = _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }
}
