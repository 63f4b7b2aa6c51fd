using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Generation;

/// <summary>One generation at its origin: owns the ids, commits each token, repairs the route.</summary>
internal sealed class OriginSession : IAsyncDisposable
{
    private static readonly TimeSpan SettlePoll = TimeSpan.FromMilliseconds(10);

    private readonly OriginContext _context;
    private readonly GenerationRequest _request;
    private readonly IGenerationListener _listener;
    private readonly RouteOpener _opener;
    private readonly List<int> _ids;
    private readonly List<TimeSpan> _pauses = [];
    private readonly long _started;
    private TimeSpan _firstToken;
    private TimeSpan _lastSign;
    private bool _repairing;
    private FinishReason? _finish;

    internal OriginSession(OriginContext context, GenerationRequest request, IGenerationListener listener, byte[] id)
    {
        _context = context;
        _request = request;
        _listener = listener;
        _opener = new RouteOpener(context, request, id);
        _ids = [.. request.Prompt];
        _started = context.Time.GetTimestamp();
    }

    private TimeSpan Now => _context.Time.GetElapsedTime(_started);

    internal async Task<GenerationResult> RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            OriginRun run = await _opener.OpenAsync(_ids, cancel);
            StageLoss? loss;

            await using (run)
            {
                if (!_repairing)
                {
                    _listener.OnRoute(run.Route);
                }

                run.Start(_ids, _context.Options.ChunkTokens);
                loss = await DriveAsync(run, cancel);

                if (loss is not null)
                {
                    await SettleAsync(run, loss.Stage, cancel);
                }
            }

            if (_finish is { } finish)
            {
                IReadOnlyList<int> tokens = _ids[_request.Prompt.Count..];
                return new GenerationResult(
                    tokens, finish, run.Route, _request.Prompt.Count, _firstToken, Now, _pauses);
            }

            GiveUp(run, loss!);
        }
    }

    /// <summary>Ends the session everywhere.</summary>
    public async ValueTask DisposeAsync() => await _opener.CloseLinesAsync();

    private void GiveUp(OriginRun run, StageLoss loss)
    {
        _repairing = true;

        foreach (StageLine line in run.Lines.Where(line => line.IsClosed || line.Index == loss.Stage))
        {
            string why = line.Index == loss.Stage ? loss.Why : "its line ended too";
            _opener.GiveUp(line.Stage, why);
            _listener.OnStageLost(line.Stage, why);
        }
    }

    private async Task<StageLoss?> DriveAsync(OriginRun run, CancellationToken cancel)
    {
        var watch = new RouteWatch(_context.Options, run.Lines, Now);

        while (_finish is null)
        {
            LineEvent? next = await run.NextAsync(watch.Due - Now, cancel);
            cancel.ThrowIfCancellationRequested();
            StageLoss? loss = next is { } one ? Take(run, one, watch) : watch.Check(Now);

            if (loss is not null)
            {
                return loss;
            }
        }

        _opener.Finished(run.Route, watch.TokenTime);
        return null;
    }

    private StageLoss? Take(OriginRun run, LineEvent next, RouteWatch? watch)
    {
        if (next.Message is not { } message)
        {
            run.Lines[next.Stage].IsClosed = true;
            return new StageLoss(next.Stage, next.Closed!);
        }

        switch (message.BodyCase)
        {
            case Envelope.BodyOneofCase.Token:
                return Commit(run, next.Stage, message.Token, watch);
            case Envelope.BodyOneofCase.Filled:
                watch?.OnProgress(Now, false);
                return null;
            case Envelope.BodyOneofCase.Progress:
                run.Lines[next.Stage].Progress = message.Progress;
                run.Lines[next.Stage].IsAsked = false;
                return null;
            case Envelope.BodyOneofCase.Fault:
                return Judge(run, next.Stage, message.Fault);
            default:
                return new StageLoss(next.Stage, $"it said {message.BodyCase} out of turn");
        }
    }

    private StageLoss? Commit(OriginRun run, int stage, Token token, RouteWatch? watch)
    {
        if (stage != run.Lines.Count - 1 || token.Epoch != run.Epoch)
        {
            return new StageLoss(stage, "it sent a token out of turn");
        }

        if (token.Position != _ids.Count || token.Id >= _request.VocabularySize)
        {
            return new StageLoss(stage, "it sent a token that does not follow");
        }

        int id = (int)token.Id;
        _ids.Add(id);
        run.Lines[stage].Commit(_ids.Count);
        Progress(run, watch);

        bool wanted = _listener.OnToken(id);
        _finish = !wanted ? FinishReason.Listener
            : _request.StopIds.Contains(id) ? FinishReason.Stop
            : _ids.Count >= _request.PositionsMax ? FinishReason.Length
            : null;
        return null;
    }

    private void Progress(OriginRun run, RouteWatch? watch)
    {
        TimeSpan now = Now;
        watch?.OnProgress(now, true);
        _opener.Progressed();

        foreach (Stage stage in run.Route.Stages)
        {
            _context.Health.Succeeded(stage.Node);
        }

        // Tokens that the old route still drew while it ran dry are no sign of the new one.
        if (_repairing && watch is not null)
        {
            _pauses.Add(now - _lastSign);
            _listener.OnRepaired(run.Route, now - _lastSign);
            _repairing = false;
        }

        _firstToken = _firstToken == TimeSpan.Zero ? now : _firstToken;
        _lastSign = now;
    }

    // Who is to blame for a fault a stage reports; some faults no other route would heal.
    private static StageLoss? Judge(OriginRun run, int stage, Fault fault)
    {
        if (fault.Epoch < run.Epoch)
        {
            return null;
        }

        switch (fault.Code)
        {
            case FaultCode.NotFinite or FaultCode.Protocol:
                throw new FaultException(fault);
            case FaultCode.HopFailed when fault.Peer.Length == NodeId.Size:
                return new StageLoss(run.Route.IndexOf(NodeId.Read(fault.Peer.Span)), fault.Message);
            case FaultCode.PositionMismatch:
                return new StageLoss(-1, fault.Message);
            default:
                return new StageLoss(stage, fault.Message);
        }
    }

    /// <summary>
    /// Lets what is behind the lost stage run dry: it reaches the head and becomes tokens, so that no stage there
    /// computes anything twice. Ends when it is quiet, or when nothing has moved for a while.
    /// </summary>
    private async Task SettleAsync(OriginRun run, int lost, CancellationToken cancel)
    {
        TimeSpan moved = Now;
        var behind = run.Lines.Where(line => lost >= 0 && line.Index > lost && !line.IsClosed).ToList();
        IReadOnlyList<Progress?> before = [];

        while (behind.Count > 0 && _finish is null && Now - moved < _context.Options.SettleMax)
        {
            behind.ForEach(line => line.Probe());
            TimeSpan patience = Now + _context.Options.ProbeTimeout;

            while (behind.Any(line => line.IsAsked && !line.IsClosed) && Now < patience && _finish is null)
            {
                if (await run.NextAsync(patience - Now, cancel) is { } next)
                {
                    _ = Take(run, next, null);
                }
            }

            _ = behind.RemoveAll(line => line.IsClosed || line.IsAsked);
            IReadOnlyList<Progress?> now = [.. behind.Select(line => line.Progress)];

            if (behind.Count == 0 || (behind.TrueForAll(IsQuiet) && (IsDry(behind) || now.SequenceEqual(before))))
            {
                return;
            }

            moved = now.SequenceEqual(before) ? moved : Now;
            before = now;
            await Task.Delay(SettlePoll, _context.Time, cancel);
        }
    }

    private static bool IsQuiet(StageLine line)
        => line.Progress is { } now && now.Received == now.Computed && now.Computed == now.Sent;

    // The first stage behind the gap gets nothing more, and each has passed on all it had to the next.
    private static bool IsDry(List<StageLine> behind)
        => behind[0].Progress is { Open: false }
            && behind.Skip(1).Zip(behind).All(pair => pair.First.Progress!.Received == pair.Second.Progress!.Sent);
}
