using Google.Protobuf;
using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Generation;

/// <summary>Finds a route for a session and opens it, anew after every loss, until nothing is left to try.</summary>
internal sealed class RouteOpener(OriginContext context, GenerationRequest request, byte[] session)
{
    // A peer that says it does not serve this was announced wrongly: its next announcement may be right.
    private static readonly TimeSpan RefusalWait = TimeSpan.FromSeconds(10);

    private readonly Dictionary<NodeId, BlockRange> _kept = [];
    private readonly List<StageLine> _lines = [];
    private readonly List<string> _tried = [];
    private SwarmView? _view;
    private uint _epoch;
    private int _attempts;

    private GenerationOptions Options => context.Options;

    /// <summary>Progress was made: the attempts are counted from here.</summary>
    internal void Progressed() => _attempts = 0;

    /// <summary>The session went over this route to its end.</summary>
    /// <param name="route">The route.</param>
    /// <param name="tokenTime">How long a token took; null when there were too few to tell.</param>
    internal void Finished(Route route, TimeSpan? tokenTime)
    {
        if (tokenTime is { } took && _view is { } view && RoutePlanner.Pace(view, Plan(0), route) is { } expected)
        {
            context.Speeds.Learn(expected, took.TotalMilliseconds);
        }
    }

    /// <summary>A stage is given up.</summary>
    internal void GiveUp(Stage stage, string why)
    {
        _tried.Add($"{stage}: {why}");
        _ = _kept.Remove(stage.Node);
        context.Health.Failed(stage.Node);
    }

    /// <summary>Opens a route on which every stage is ready for a newer epoch than any before.</summary>
    /// <exception cref="RouteException">Nothing is left to try.</exception>
    internal async Task<OriginRun> OpenAsync(IReadOnlyList<int> ids, CancellationToken cancel)
    {
        while (true)
        {
            if (++_attempts > Options.AttemptsMax)
            {
                throw new RouteException(
                    $"{Options.AttemptsMax} routes failed in a row. {Story()}", [], _tried);
            }

            Route route = await PlanAsync(ids.Count, cancel);
            (SignedTicket ticket, OpenSession[] opens) = Sign(route, ids.Count);
            StageLine?[] opened = await Task.WhenAll(
                route.Stages.Select((stage, i) => TryOpenAsync(stage, opens[i], cancel)));
            StageLine[] lines = [.. opened.OfType<StageLine>()];

            foreach (StageLine line in lines)
            {
                _kept[line.Stage.Node] = line.Stage.Blocks;
            }

            if (lines.Length == route.Stages.Count)
            {
                // Older lines only now: until a stage has the newer epoch, their end would end its session.
                await CloseLinesAsync();
                _lines.AddRange(lines);
                return new OriginRun(route, ticket, _epoch, lines, context.Time);
            }

            _lines.AddRange(lines);
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Ends the session at every stage.</summary>
    internal async Task CloseLinesAsync()
    {
        foreach (StageLine line in _lines)
        {
            await line.DisposeAsync();
        }

        _lines.Clear();
    }

    private async Task<Route> PlanAsync(int positions, CancellationToken cancel)
    {
        long started = context.Time.GetTimestamp();
        PlanRequest plan = Plan(positions);

        // A repair begins with what is known: reading anew costs time in which nothing is generated.
        if (_view is not null && RoutePlanner.Plan(_view, plan) is { } known)
        {
            return known;
        }

        while (true)
        {
            _view = await ReadAsync(cancel) ?? _view ?? SwarmView.Empty;

            if (RoutePlanner.Plan(_view, plan) is { } route)
            {
                return route;
            }

            if (context.Time.GetElapsedTime(started) >= Options.CoveragePatience)
            {
                throw NoCoverage(_view, plan);
            }

            await Task.Delay(Options.CoveragePoll, context.Time, cancel);
        }
    }

    private PlanRequest Plan(int positions) => new()
    {
        BlockCount = request.BlockCount,
        MayCutBefore = request.MayCutBefore,
        Positions = positions,
        PositionsMax = request.PositionsMax,
        Kept = _kept,
        Numerics = Options.Numerics,
        IsUsable = node => node != context.Key.Id && context.Health.IsUsable(node),
        OriginDelayMs = DelayMs,
        FoundBlockMs = context.Speeds.BlockMs,
    };

    private async Task<SwarmView?> ReadAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Options.ReadTimeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            return await context.Offers.ReadAsync(request.Model, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private RouteException NoCoverage(SwarmView view, PlanRequest plan)
    {
        IReadOnlyList<BlockRange> missing = view.Uncovered(request.BlockCount);

        if (missing.Count > 0)
        {
            string blocks = string.Join(", ", missing);
            return new RouteException(
                $"Nobody serves blocks {blocks}: start a node with them (swarm join --blocks {missing[0]}). {Story()}",
                missing,
                _tried);
        }

        missing = RoutePlanner.Uncovered(view, plan);
        return new RouteException(
            $"Those who serve blocks {string.Join(", ", missing)} have no room or cannot be used. {Story()}",
            missing,
            _tried);
    }

    private string Story() => _tried.Count == 0 ? "" : $"Given up: {string.Join("; ", _tried)}.";

    private double? DelayMs(NodeId node)
        => context.Pool.TryGet(node, out ILink? link) && link.RoundTrip > TimeSpan.Zero
            ? link.RoundTrip.TotalMilliseconds / 2
            : null;

    private (SignedTicket Ticket, OpenSession[] Opens) Sign(Route route, int committed)
    {
        var ticket = new Ticket
        {
            Session = ByteString.CopyFrom(session),
            Epoch = ++_epoch,
            Swarm = ByteString.CopyFrom(context.Swarm.ToByteArray()),
            Model = ByteString.CopyFrom(request.Model.Span),
            Numerics = Options.Numerics,
            Kv = request.Kv,
            Wire = WireMode.F32,
            ContextLength = (uint)request.PositionsMax,
            ExpiresMs = (ulong)(context.Time.GetUtcNow() + Options.TicketLife).ToUnixTimeMilliseconds(),
        };

        foreach (Stage stage in route.Stages)
        {
            byte[] node = new byte[NodeId.Size];
            stage.Node.Write(node);
            var wire = new RouteStage
            {
                Node = ByteString.CopyFrom(node),
                First = (uint)stage.Blocks.First,
                Last = (uint)stage.Blocks.Last,
            };
            wire.Addresses.AddRange(Addresses.Write(stage.Addresses));
            ticket.Stages.Add(wire);
        }

        SignedTicket signed = Tickets.Sign(context.Key, ticket);
        Sampling sampling = request.Sampling.Clone();
        sampling.PositionsMax = (uint)request.PositionsMax;
        sampling.StopIds.Clear();
        sampling.StopIds.AddRange(request.StopIds.Order().Select(id => (uint)id));

        return (signed, [.. route.Stages.Select((_, i) => new OpenSession
        {
            Ticket = signed,
            Stage = (uint)i,
            Committed = (uint)committed,
            Sampling = sampling,
            LeaseMs = (uint)Options.Lease.TotalMilliseconds,
        })]);
    }

    // Whatever goes wrong is this stage's: the others' lines must not be lost over it.
    private async Task<StageLine?> TryOpenAsync(Stage stage, OpenSession open, CancellationToken cancel)
    {
        TimeSpan timeout = IsKept(stage.Node) ? Options.ReopenTimeout : Options.OpenTimeout;
        using var patience = new CancellationTokenSource(timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        context.Health.Trying(stage.Node);

        try
        {
            ILink link = context.Pool.TryGet(stage.Node, out ILink? up)
                ? up
                : await context.Pool.GetAsync(stage.Addresses, either.Token);
            var times = new GenerationTimes(context.Time, Options.Lease / 3);
            return await StageLine.OpenAsync(link, stage, open, times, either.Token);
        }
        catch (FaultException e)
        {
            Refused(stage, e.Fault);
        }
        catch (LinkClosedException e)
        {
            GiveUpLocked(stage, e.Message);
        }
        catch (OperationCanceledException)
        {
            if (!cancel.IsCancellationRequested)
            {
                GiveUpLocked(stage, "it did not open the session in time");
            }
        }

        return null;
    }

    private void Refused(Stage stage, Fault fault)
    {
        // A stage in a newer epoch than ours is well: our next attempt is newer still.
        if (fault.Code == FaultCode.StaleEpoch)
        {
            return;
        }

        TimeSpan wait = fault.RetryAfterMs > 0 ? TimeSpan.FromMilliseconds(fault.RetryAfterMs) : RefusalWait;
        context.Health.Refused(stage.Node, wait);

        lock (_tried)
        {
            _tried.Add($"{stage}: {fault.Message}");
            _ = _kept.Remove(stage.Node);
        }
    }

    private bool IsKept(NodeId node)
    {
        lock (_tried)
        {
            return _kept.ContainsKey(node);
        }
    }

    private void GiveUpLocked(Stage stage, string why)
    {
        lock (_tried)
        {
            GiveUp(stage, why);
        }
    }
}
