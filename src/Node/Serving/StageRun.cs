using System.Threading.Channels;
using Google.Protobuf;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Serving;

/// <summary>One epoch of a session at one stage: steps come in, are computed in order, and go on.</summary>
internal sealed class StageRun : IAsyncDisposable
{
    // Tokens, refusals and progress for the origin: at most one per step, plus a few probes.
    private const int ReportsMax = 64;

    private readonly StageSession _session;
    private readonly StageSeat _seat;
    private readonly StageScheduler _scheduler;
    private readonly Sampling _sampling;
    private readonly ServingOptions _options;
    private readonly IStageObserver _observer;
    private readonly NextHop _next;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<ReceivedStep> _inbox;
    private readonly Channel<Envelope> _reports = Channel.CreateBounded<Envelope>(ReportsMax);
    private readonly Channel<bool> _committedRose = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // Held while the session's cache and ids change: by a step that is computed, or by the origin that takes some back.
    private readonly SemaphoreSlim _gate = new(1, 1);

    private int _committed;
    private int _received;
    private int _computed;
    private int _sent;
    private int _inlets;
    private Task _loop = Task.CompletedTask;

    internal StageRun(
        StageSession session,
        StageSeat seat,
        OpenSession open,
        StageScheduler scheduler,
        LinkPool pool,
        ServingOptions options,
        IStageObserver observer,
        TimeProvider time)
    {
        _session = session;
        _seat = seat;
        _scheduler = scheduler;
        _sampling = open.Sampling;
        _options = options;
        _observer = observer;
        _committed = (int)open.Committed;
        Ticket = open.Ticket;
        _next = new NextHop(pool, seat, open.Ticket, options, time, Report, _stop.Token);
        _inbox = Channel.CreateBounded<ReceivedStep>(options.InboxSteps);
        _received = _computed = _sent = session.Cache!.Length;
    }

    internal StageSession Session => _session;

    internal StageSeat Seat => _seat;

    internal SignedTicket Ticket { get; }

    /// <summary>What the origin is told, in order.</summary>
    internal ChannelReader<Envelope> Reports => _reports.Reader;

    /// <summary>Cancelled when the run ends.</summary>
    internal CancellationToken Stopped => _stop.Token;

    internal void Start() => _loop = RunAsync();

    /// <summary>Ends the run and waits for the compute it has in flight.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _loop;

        // Whoever truncates has finished; who comes later finds the run stopped.
        await _gate.WaitAsync();
        _ = _gate.Release();
    }

    /// <summary>
    /// Forgets the positions at and beyond this one, before any step that waits; a step that computes is waited for.
    /// </summary>
    internal async Task TruncateAsync(int position)
    {
        await _gate.WaitAsync();

        try
        {
            if (!_stop.IsCancellationRequested)
            {
                int held = _session.Truncate(position);
                Lower(ref _received, held);
                Lower(ref _computed, held);
                Lower(ref _sent, held);
            }
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    internal void Commit(int position)
    {
        if (position > Volatile.Read(ref _committed))
        {
            Volatile.Write(ref _committed, position);
            _ = _committedRose.Writer.TryWrite(true);
        }
    }

    internal Progress Progress() => new()
    {
        // Read against the flow of a step, so that a step in between never looks finished.
        Sent = (uint)Volatile.Read(ref _sent),
        Computed = (uint)Volatile.Read(ref _computed),
        Received = (uint)Volatile.Read(ref _received),
        Open = Volatile.Read(ref _inlets) > 0,
    };

    /// <summary>Queues a word to the origin; a full queue means an origin that does not read.</summary>
    internal void Report(Envelope envelope)
    {
        if (!_reports.Writer.TryWrite(envelope))
        {
            _stop.Cancel();
        }
    }

    internal void Report(Fault fault)
    {
        fault.Epoch = _seat.Epoch;
        Report(new Envelope { Fault = fault });
    }

    /// <summary>
    /// Takes in what a predecessor sends until its stream ends. Not cancelled with the link: what came over it before
    /// it broke is work done, and need not be done twice.
    /// </summary>
    internal async Task ReadAsync(ILinkStream stream)
    {
        _ = Interlocked.Increment(ref _inlets);

        try
        {
            while (await stream.ReceiveAsync(_stop.Token) is { } message)
            {
                Step step = message.Step ?? throw new ProtocolException($"{message.BodyCase} on a hop.");

                if (step.Epoch == _seat.Epoch)
                {
                    ReceivedStep received = await CheckedAsync(step, stream);
                    Volatile.Write(ref _received, received.End);
                    await _inbox.Writer.WriteAsync(received, _stop.Token);
                }
            }
        }
        finally
        {
            _ = Interlocked.Decrement(ref _inlets);
        }
    }

    private async ValueTask<ReceivedStep> CheckedAsync(Step step, ILinkStream stream)
    {
        try
        {
            return await StepReader.ReadAsync(step, stream, _seat, _stop.Token);
        }
        catch (FaultException e) when (e.Code == FaultCode.Protocol)
        {
            NodeId sender = stream.Link.Remote;
            byte[] peer = new byte[NodeId.Size];
            sender.Write(peer);
            FaultCode code = sender == _seat.Origin ? FaultCode.Protocol : FaultCode.HopFailed;
            Report(new Fault { Code = code, Message = e.Message, Peer = ByteString.CopyFrom(peer) });
            throw;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _inbox.Reader.WaitToReadAsync(_stop.Token))
            {
                while (_inbox.Reader.TryRead(out ReceivedStep? step))
                {
                    _stop.Token.ThrowIfCancellationRequested();
                    await StepAsync(step);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The session was repaired, cancelled or lost its lease.
        }
        catch (FaultException e)
        {
            Report(e.Fault);
        }
#pragma warning disable CA1031 // a defect in one session must not end the others
        catch (Exception e)
#pragma warning restore CA1031
        {
            Report(new Fault { Code = FaultCode.Internal, Message = e.Message });
        }

        _stop.Cancel();
        await _next.DisposeAsync();

        // Nothing more comes of what is here.
        Volatile.Write(ref _received, Volatile.Read(ref _sent));
        Volatile.Write(ref _computed, Volatile.Read(ref _sent));
    }

    private async Task StepAsync(ReceivedStep step)
    {
        await ObserveAsync(step, StagePhase.Received);
        int[] ids = await ComputeAsync(step);
        _stop.Token.ThrowIfCancellationRequested();
        await ObserveAsync(step, StagePhase.Computed);

        if (Volatile.Read(ref _computed) < step.End)
        {
            throw StageSession.Mismatch(step.End, Volatile.Read(ref _computed));
        }

        if (step.Target != _seat.Index)
        {
            (byte[] payload, TensorHeader header) = StepReader.Write(step.Rows, step.Tokens.Length);
            await _next.SendAsync(ToWire(step.Position, step.Tokens, step.Target, step.Sample, header), payload);
        }
        else if (step.Sample)
        {
            await DrawAsync(step, ids);
        }
        else
        {
            Report(new Envelope { Filled = new Filled { Epoch = _seat.Epoch, Position = (uint)step.End } });
        }

        MarkSent(step);
        await ObserveAsync(step, StagePhase.Sent);
    }

    // The result is the ids up to the step's end where the head needs them to draw.
    private async Task<int[]> ComputeAsync(ReceivedStep step)
    {
        await _gate.WaitAsync();

        try
        {
            _session.Check(step);
            await ComputeUnguardedAsync(step);
            Volatile.Write(ref _computed, step.End);
            return step.Sample && step.Target == _seat.Index ? _session.Ids[..step.End].ToArray() : [];
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    private async Task ComputeUnguardedAsync(ReceivedStep step)
    {
        try
        {
            await _scheduler.ComputeAsync(
                new BlockSlice(_session.Cache!, _seat.Blocks, step.Position, step.Tokens, step.Rows));
        }
        catch (ArithmeticException e)
        {
            // The engine may have got through a part of the step: what is held must stay what is known.
            _ = _session.Truncate(_session.Ids.Length);
            throw new FaultException(FaultCode.NotFinite, e.Message);
        }

        _session.Record(step);
    }

    private async Task DrawAsync(ReceivedStep step, int[] ids)
    {
        int id;

        try
        {
            ReadOnlyMemory<float> last = step.Rows.AsMemory(step.Rows.Length - _seat.Width);
            id = await _scheduler.DrawAsync(last, ids, _sampling);
        }
        catch (ArithmeticException e)
        {
            throw new FaultException(FaultCode.NotFinite, e.Message);
        }

        Finish finish = _sampling.StopIds.Contains((uint)id) ? Finish.Stop
            : step.End + 1 >= _sampling.PositionsMax ? Finish.Length
            : Finish.None;
        var token = new Token { Epoch = _seat.Epoch, Position = (uint)step.End, Id = (uint)id, Finish = finish };

        // The ring first: the next step starts on its way while the origin is told.
        bool ahead = step.End - Volatile.Read(ref _committed) < _options.RunAheadTokens;
        Task ring = finish == Finish.None && ahead ? RingAsync(step.End, id) : Task.CompletedTask;
        await ObserveAsync(step, StagePhase.Ringed);
        Report(new Envelope { Token = token });
        MarkSent(step);
        await ring;

        if (finish == Finish.None && !ahead)
        {
            await CatchUpAsync(step.End);
            await RingAsync(step.End, id);
        }
    }

    private async Task CatchUpAsync(int position)
    {
        while (position - Volatile.Read(ref _committed) >= _options.RunAheadTokens)
        {
            _ = await _committedRose.Reader.ReadAsync(_stop.Token);
        }
    }

    private async Task RingAsync(int position, int id)
    {
        if (_seat.StageCount > 1)
        {
            await _next.SendAsync(ToWire(position, [id], _seat.Index, true, null), default);
            return;
        }

        // A route of one stage: its ring ends where it began.
        Volatile.Write(ref _received, position + 1);

        if (!_inbox.Writer.TryWrite(new ReceivedStep(position, [id], 0, true, new float[_seat.Width])))
        {
            throw new FaultException(FaultCode.Busy, "More steps arrive than a session may have waiting.");
        }
    }

    private Step ToWire(int position, int[] tokens, int target, bool sample, TensorHeader? tensor)
    {
        var step = new Step
        {
            Epoch = _seat.Epoch,
            Position = (uint)position,
            Target = (uint)target,
            Sample = sample,
            Tensor = tensor,
        };
        step.Tokens.AddRange(tokens.Select(token => (uint)token));
        return step;
    }

    // What was forgotten meanwhile counts as neither computed nor sent.
    private void MarkSent(ReceivedStep step)
        => Volatile.Write(ref _sent, Math.Min(step.End, Volatile.Read(ref _computed)));

    private static void Lower(ref int position, int most)
        => Volatile.Write(ref position, Math.Min(Volatile.Read(ref position), most));

    private ValueTask ObserveAsync(ReceivedStep step, StagePhase phase)
        => _observer.OnStepAsync(_session.Id, _seat.Blocks, step.Position, step.Tokens.Length, phase);
}
