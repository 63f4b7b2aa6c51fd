using Swarm.Node.Execution;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Serving;

/// <summary>
/// The stages of this node: answers origins that open sessions, and predecessors that push steps.
/// </summary>
public sealed class StageService : IAsyncDisposable
{
    private readonly LinkPool _pool;
    private readonly NodeId _self;
    private readonly SwarmId _swarm;
    private readonly TimeProvider _time;
    private readonly IComputeExecutor _executor;
    private readonly ServingOptions _options;
    private readonly IStageObserver _observer;
    private readonly SessionTable _table;
    private readonly Dictionary<string, ServedModel> _models = [];
    private readonly Lock _lock = new();
    private bool _draining;

    /// <summary>Registers with the pool, which must not run yet.</summary>
    public StageService(
        LinkPool pool,
        NodeId self,
        SwarmId swarm,
        TimeProvider time,
        IComputeExecutor executor,
        ServingOptions options,
        IStageObserver observer)
    {
        _pool = pool;
        _self = self;
        _swarm = swarm;
        _time = time;
        _executor = executor;
        _options = options;
        _observer = observer;
        _table = new SessionTable(options, observer, time);
        pool.Handle(Envelope.BodyOneofCase.OpenSession, OpenSessionAsync);
        pool.Handle(Envelope.BodyOneofCase.OpenHop, OpenHopAsync);
    }

    /// <summary>How many sessions are open.</summary>
    public int SessionCount => _table.Count;

    /// <summary>Cache memory not promised to anyone.</summary>
    public long KvBytesFree => _table.KvBytesFree;

    /// <summary>Cache memory for all sessions together, known only when the blocks are.</summary>
    public void SetRoom(long kvBytesMax) => _table.SetRoom(kvBytesMax);

    /// <summary>From now on this span is served.</summary>
    /// <param name="model">The manifest hash.</param>
    /// <param name="engine">The span, which stays the caller's.</param>
    public void Serve(ReadOnlyMemory<byte> model, IBlockEngine engine)
    {
        string hash = Convert.ToHexStringLower(model.Span);
        var scheduler = new StageScheduler(engine, _executor, _time, _options.SessionsMax);

        lock (_lock)
        {
            _models.Add(hash, new ServedModel(hash, engine, scheduler));
        }
    }

    /// <summary>What to announce of a model, or null when it is not served here.</summary>
    public StageLoad? Load(ReadOnlyMemory<byte> model)
        => Find(Convert.ToHexStringLower(model.Span)) is not { } served
            ? null
            : new StageLoad(
                served.Engine.Blocks,
                served.Scheduler.DecodePerBlockMs,
                served.Scheduler.PrefillPerBlockMs,
                _table.KvBytesFree,
                served.Scheduler.QueueDepth,
                _table.Count);

    /// <summary>Takes no new session, and waits until those that run have ended or the time is up.</summary>
    /// <returns>Whether all have ended.</returns>
    public async Task<bool> DrainAsync(TimeSpan timeout, CancellationToken cancel)
    {
        Volatile.Write(ref _draining, true);
        long started = _time.GetTimestamp();

        while (_table.Count > 0 && _time.GetElapsedTime(started) < timeout)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancel);
        }

        return _table.Count == 0;
    }

    /// <summary>Ends every session.</summary>
    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _draining, true);

        foreach (StageSession session in _table.All())
        {
            await _table.ReleaseAsync(session, "this node stops");
        }

        List<ServedModel> models;

        lock (_lock)
        {
            models = [.. _models.Values];
            _models.Clear();
        }

        foreach (ServedModel model in models)
        {
            await model.Scheduler.DisposeAsync();
        }
    }

    private ServedModel? Find(string hash)
    {
        lock (_lock)
        {
            return _models.GetValueOrDefault(hash);
        }
    }

    private async Task OpenSessionAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        OpenSession open = first.OpenSession;
        (StageSeat seat, ServedModel model) = Admit(open, stream.Link.Remote);
        string id = Convert.ToHexStringLower(seat.Ticket.Session.Span);
        var lease = TimeSpan.FromMilliseconds(Math.Clamp(open.LeaseMs, 1, _options.LeaseMax.TotalMilliseconds));
        bool isNew = _table.Find(id) is null;

        StageRun run = await _table.OpenAsync(id, seat, model.Engine, lease, session =>
        {
            int position = session.Truncate((int)open.Committed);
            var run = new StageRun(session, seat, open, model.Scheduler, _pool, _options, _observer, _time);
            _observer.OnOpened(id, seat.Blocks, seat.Epoch, position);
            var opened = new SessionOpened { Position = (uint)position, KvBytes = (ulong)session.KvBytes };
            run.Report(new Envelope { SessionOpened = opened });
            run.Start();
            return run;
        });

        if (isNew)
        {
            _ = WatchLeaseAsync(run.Session);
        }

        await ConverseAsync(run, stream, cancel);
    }

    private async Task OpenHopAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        OpenHop hop = first.OpenHop;
        Ticket ticket = Tickets.Open(hop.Ticket, _time.GetUtcNow(), out _, _options.Check);
        string id = Convert.ToHexStringLower(ticket.Session.Span);

        if (_table.Find(id)?.Run is not { } run)
        {
            throw new FaultException(FaultCode.UnknownSession, "The session is not open here.");
        }

        if (ticket.Epoch != run.Seat.Epoch)
        {
            throw new FaultException(FaultCode.StaleEpoch, "The session has been repaired since.");
        }

        if (!hop.Ticket.Equals(run.Ticket) || hop.Stage != run.Seat.Index || !run.Seat.MayPush(stream.Link.Remote))
        {
            throw new FaultException(FaultCode.BadTicket, "Only the stage before this one may push to it.");
        }

        await run.ReadAsync(stream);
    }

    private (StageSeat Seat, ServedModel Model) Admit(OpenSession open, NodeId remote)
    {
        Ticket ticket = Tickets.Open(open.Ticket, _time.GetUtcNow(), out NodeId origin, _options.Check);
        Require(origin == remote, FaultCode.BadTicket, "Only the origin itself opens its session.");
        Require(ticket.Swarm.Span.SequenceEqual(_swarm.ToByteArray()), FaultCode.OtherSwarm, "It is another swarm's.");
        Require(ticket.Numerics == _options.Numerics, FaultCode.Version, "The numerics versions differ.");
        Require(open.Stage < ticket.Stages.Count, FaultCode.BadTicket, "The ticket has no such stage.");

        RouteStage stage = ticket.Stages[(int)open.Stage];
        Require(NodeId.Read(stage.Node.Span) == _self, FaultCode.BadTicket, "The stage is another node's.");

        string hash = Convert.ToHexStringLower(ticket.Model.Span);
        ServedModel model = Find(hash)
            ?? throw new FaultException(FaultCode.NotServed, "The model is not served here.");
        IBlockEngine engine = model.Engine;
        var seat = new StageSeat(ticket, origin, (int)open.Stage, engine.Width, engine.VocabularySize);

        Require(engine.MayUse(seat.Blocks), FaultCode.NotServed, $"Blocks {engine.Blocks} are served here.");
        Require(ticket.Stages[^1].Last == engine.BlockCount, FaultCode.BadTicket, "The route leaves blocks out.");
        Require(ticket.Kv.IsKnown(), FaultCode.NotServed, "The cache type is not known here.");
        Require(ticket.Wire == WireMode.F32, FaultCode.NotServed, "The wire mode is not known here.");
        Require(
            ticket.ContextLength >= 1 && ticket.ContextLength <= engine.ContextLength,
            FaultCode.NotServed,
            $"The model takes at most {engine.ContextLength} positions.");
        Require(open.Committed <= ticket.ContextLength, FaultCode.BadTicket, "More is committed than reserved.");
        bool samples = SamplingRules.AreSound(open.Sampling, seat.PositionsMax);
        Require(samples, FaultCode.NotServed, "The sampling makes no sense.");

        bool known = _table.Find(Convert.ToHexStringLower(ticket.Session.Span)) is not null;
        Require(known || !Volatile.Read(ref _draining), FaultCode.Leaving, "This node is leaving.");
        return (seat, model);
    }

    private static void Require(bool holds, FaultCode code, string why)
    {
        if (!holds)
        {
            throw new FaultException(code, why);
        }
    }

    // The control stream of one epoch: what the origin says, and what the run reports. Its end is the session's, unless
    // a newer epoch has taken over or only the link broke: then the origin may come back within the lease.
    private async Task ConverseAsync(StageRun run, ILinkStream stream, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task reports = ReportAsync(run, stream, over.Token);
        string? release = null;

        try
        {
            while (await stream.ReceiveAsync(cancel) is { } message)
            {
                run.Session.Heard();
                await AnswerAsync(run, message);
            }

            release = "the origin has ended it";
        }
        catch (FaultException e)
        {
            release = e.Message;
        }
        catch (Exception e) when (e is LinkClosedException or OperationCanceledException)
        {
            // The lease decides.
        }
        finally
        {
            over.Cancel();
            await reports;

            if (release is null)
            {
                await run.DisposeAsync();
            }
            else if (run.Session.Run == run)
            {
                await _table.ReleaseAsync(run.Session, release);
            }
        }
    }

    private static async ValueTask AnswerAsync(StageRun run, Envelope message)
    {
        switch (message.BodyCase)
        {
            case Envelope.BodyOneofCase.Probe:
                run.Report(new Envelope { Progress = run.Progress() });
                break;
            case Envelope.BodyOneofCase.Committed:
                run.Commit((int)Math.Min(message.Committed.Position, int.MaxValue));
                break;
            case Envelope.BodyOneofCase.Truncate:
                await run.TruncateAsync((int)Math.Min(message.Truncate.Position, int.MaxValue));
                break;
            default:
                throw new ProtocolException($"{message.BodyCase} on a session's control stream.");
        }
    }

    private static async Task ReportAsync(StageRun run, ILinkStream stream, CancellationToken cancel)
    {
        try
        {
            while (await run.Reports.WaitToReadAsync(cancel))
            {
                while (run.Reports.TryRead(out Envelope? report))
                {
                    await stream.SendAsync(report, default, cancel);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException or FaultException)
        {
            // Who listens is gone; the reader of the same stream sees it too and decides.
        }
    }

    private async Task WatchLeaseAsync(StageSession session)
    {
        try
        {
            while (session.LeaseLeft is var left && left > TimeSpan.Zero)
            {
                // Timers count whole milliseconds: rounded up, so that the lease is over when one fires.
                var whole = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
                await Task.Delay(whole, _time, session.Released.Token);
            }

            await _table.ReleaseAsync(session, "the origin was not heard for the length of its lease");
        }
        catch (OperationCanceledException)
        {
            // Released already.
        }
    }
}
