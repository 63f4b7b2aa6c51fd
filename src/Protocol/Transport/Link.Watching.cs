using System.Buffers.Binary;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

internal sealed partial class Link
{
    // How often the deadlines are looked at; each may be late by this much.
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    // A new measurement counts an eighth, as in TCP.
    private const int RoundTripWeight = 8;

    private readonly ITimer _watch;
    private long _lastHeard;
    private long _lastPing;
    private bool _pingIsOut;
    private bool _flooded;
    private int _pingsHeard;
    private int _resetsHeard;
    private long _roundTripTicks;

    public TimeSpan RoundTrip => TimeSpan.FromTicks(Volatile.Read(ref _roundTripTicks));

    private void StartWatch()
    {
        lock (Gate)
        {
            _lastHeard = _time.GetTimestamp();
            SendPing();
            _ = _whyClosed is null && _watch.Change(WatchEvery, WatchEvery);
        }

        Kick();
    }

    private void Watch()
    {
        string? why;

        lock (Gate)
        {
            if (_whyClosed is null)
            {
                why = Overdue();
                _pingsHeard = 0;
                _resetsHeard = 0;

                if (why is null)
                {
                    PingIfDue();
                    ResetIdleStreams();
                }
            }
            else
            {
                why = null;
            }
        }

        if (why is not null)
        {
            Close(why, new Fault { Code = FaultCode.Timeout, Message = why }, isLost: true);
        }
        else if (_whyClosed is not null)
        {
            EndConnection();
        }
        else
        {
            Kick();
        }
    }

    private string? Overdue()
    {
        if (_flooded)
        {
            return "The peer asks for more than it reads.";
        }

        if (IsPast(Volatile.Read(ref _writeBegan), LinkTimes.FrameMax))
        {
            return "The peer does not read.";
        }

        if (IsPast(_reader.FrameBegan, LinkTimes.FrameMax))
        {
            return "The peer does not finish its frame.";
        }

        long lastSign = Math.Max(Volatile.Read(ref _lastHeard), _lastPing);
        return _pingIsOut && IsPast(lastSign, LinkTimes.SilenceMax)
            ? "The peer has not been heard for too long."
            : null;
    }

    private bool IsPast(long began, TimeSpan most) => began != 0 && _time.GetElapsedTime(began) > most;

    private void PingIfDue()
    {
        TimeSpan every = LinkTimes.PingEvery(_streams.Count > 0);

        // Links of one node are spread by a fifth each way, so that they do not all ping at once.
        every *= 1 + ((((uint)Remote.GetHashCode() % 41) - 20.0) / 100);

        if (!_pingIsOut && _time.GetElapsedTime(_lastPing) >= every - (WatchEvery / 2))
        {
            SendPing();
        }
    }

    private void SendPing()
    {
        Span<byte> payload = stackalloc byte[WireLimits.PingBytes];
        _lastPing = _time.GetTimestamp();
        _pingIsOut = true;
        BinaryPrimitives.WriteInt64LittleEndian(payload, _lastPing);
        Enqueue(FrameType.Ping, 0, [], payload);
    }

    private void OnPing(ReadOnlySpan<byte> payload)
    {
        if (++_pingsHeard > WireLimits.PingsPerSecondMax)
        {
            throw new ProtocolException("The peer floods this link with pings.");
        }

        Enqueue(FrameType.Pong, 0, [], payload);
    }

    private void OnPong(long sent)
    {
        // Only the last ping is known here; a pong nobody asked for measures nothing.
        if (!_pingIsOut || sent != _lastPing)
        {
            return;
        }

        _pingIsOut = false;
        long ticks = Math.Max(1, _time.GetElapsedTime(sent).Ticks);
        long smoothed = _roundTripTicks == 0 ? ticks : _roundTripTicks + ((ticks - _roundTripTicks) / RoundTripWeight);
        Volatile.Write(ref _roundTripTicks, smoothed);
    }

    private void ResetIdleStreams()
    {
        List<LinkStream>? idle = null;

        foreach (LinkStream stream in _streams.Values)
        {
            TimeSpan most = stream.Lingers ? LinkTimes.StreamLingerMax : LinkTimes.StreamIdleMax;

            if (IsPast(stream.LastActive, most))
            {
                (idle ??= []).Add(stream);
            }
        }

        foreach (LinkStream stream in idle ?? [])
        {
            stream.ResetLocked(new Fault { Code = FaultCode.Timeout, Message = "The stream was idle for too long." });
        }
    }
}
