using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>The sessions of this node and the memory promised to each: admitted, opened again, let go.</summary>
internal sealed class SessionTable(ServingOptions options, IStageObserver observer, TimeProvider time)
{
    private readonly Dictionary<string, StageSession> _sessions = [];
    private readonly Lock _lock = new();
    private long _kvBytes;
    private long _kvBytesMax = options.KvBytesMax;

    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    internal long KvBytesFree
    {
        get
        {
            lock (_lock)
            {
                return _kvBytesMax - _kvBytes;
            }
        }
    }

    internal void SetRoom(long kvBytesMax)
    {
        lock (_lock)
        {
            _kvBytesMax = kvBytesMax;
        }
    }

    internal StageSession? Find(string id)
    {
        lock (_lock)
        {
            return _sessions.GetValueOrDefault(id);
        }
    }

    internal IReadOnlyList<StageSession> All()
    {
        lock (_lock)
        {
            return [.. _sessions.Values];
        }
    }

    /// <summary>Opens a session, or opens it again: afterwards no older run touches it.</summary>
    /// <exception cref="FaultException">There is no room, or a newer epoch is open.</exception>
    internal async Task<StageRun> OpenAsync(
        string id,
        StageSeat seat,
        IBlockEngine engine,
        TimeSpan lease,
        Func<StageSession, StageRun> begin)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (StageSession session, Task before) = Enter(id, seat, lease, done.Task);
        string? failed = null;

        try
        {
            await before;

            if (session.Run is { } run)
            {
                await run.DisposeAsync();
            }

            ThrowIfOvertaken(session, seat);
            failed = "no memory";
            Prepare(session, seat, engine);
            session.Run = begin(session);
            failed = null;
        }
        finally
        {
            done.SetResult();

            if (failed is not null)
            {
                await ReleaseAsync(session, failed);
            }
        }

        return session.Run;
    }

    /// <summary>Ends a session and gives its memory back once nothing computes in it.</summary>
    internal async Task ReleaseAsync(StageSession session, string why)
    {
        lock (_lock)
        {
            if (session.IsReleased)
            {
                return;
            }

            session.IsReleased = true;
            _ = _sessions.Remove(session.Id);
        }

        session.Released.Cancel();
        await session.Opening;

        if (session.Run is { } run)
        {
            await run.DisposeAsync();
        }

        lock (_lock)
        {
            _kvBytes -= session.KvBytes;
            session.KvBytes = 0;
        }

        session.Drop();
        observer.OnReleased(session.Id, why);
    }

    private (StageSession Session, Task Before) Enter(string id, StageSeat seat, TimeSpan lease, Task opening)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(id, out StageSession? session))
            {
                if (session.Origin != seat.Origin)
                {
                    throw new FaultException(FaultCode.BadTicket, "The session belongs to another origin.");
                }

                if (seat.Epoch <= session.Epoch)
                {
                    throw new FaultException(FaultCode.StaleEpoch, "The session has been repaired since.");
                }
            }
            else
            {
                Admit(seat.Origin);
                session = new StageSession(id, seat.Origin, time);
                _sessions.Add(id, session);
            }

            session.Epoch = seat.Epoch;
            session.Lease = lease;
            session.Heard();
            Task before = session.Opening;
            session.Opening = opening;
            return (session, before);
        }
    }

    private void ThrowIfOvertaken(StageSession session, StageSeat seat)
    {
        lock (_lock)
        {
            if (session.IsReleased || session.Epoch != seat.Epoch)
            {
                throw new FaultException(FaultCode.StaleEpoch, "The session has been repaired since.");
            }
        }
    }

    private void Prepare(StageSession session, StageSeat seat, IBlockEngine engine)
    {
        if (session.Fits(seat))
        {
            return;
        }

        session.Drop();
        Reserve(session, seat, engine);

        try
        {
            session.Adopt(engine.NewCache(seat.Blocks, seat.PositionsMax, seat.Ticket.Kv), seat);
        }
        catch (OutOfMemoryException)
        {
            throw NoRoom("The memory of this node is used up.");
        }
    }

    private void Admit(NodeId origin)
    {
        if (_sessions.Count >= options.SessionsMax)
        {
            throw NoRoom($"This node has its {options.SessionsMax} sessions.");
        }

        if (_sessions.Values.Count(session => session.Origin == origin) >= options.SessionsPerOriginMax)
        {
            throw NoRoom($"This origin has its {options.SessionsPerOriginMax} sessions here.");
        }
    }

    private void Reserve(StageSession session, StageSeat seat, IBlockEngine engine)
    {
        long bytes = engine.KvBytes(seat.Blocks, seat.PositionsMax, seat.Ticket.Kv);

        lock (_lock)
        {
            _kvBytes -= session.KvBytes;
            session.KvBytes = 0;

            if (bytes > _kvBytesMax - _kvBytes)
            {
                throw NoRoom($"A session of {seat.PositionsMax} positions needs {bytes} bytes; "
                    + $"{_kvBytesMax - _kvBytes} are free.");
            }

            session.KvBytes = bytes;
            _kvBytes += bytes;
        }
    }

    private FaultException NoRoom(string why) => new(new Fault
    {
        Code = FaultCode.NoRoom,
        Message = why,
        RetryAfterMs = (uint)options.RetryAfter.TotalMilliseconds,
    });
}
