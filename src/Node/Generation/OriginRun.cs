using System.Threading.Channels;
using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Generation;

/// <summary>One epoch at the origin: its route, its lines, and the steps it feeds to the first stage.</summary>
internal sealed class OriginRun(
    Route route,
    SignedTicket ticket,
    uint epoch,
    IReadOnlyList<StageLine> lines,
    TimeProvider time) : IAsyncDisposable
{
    // A token, an answer to a probe and an end per stage at most are ever waiting; lines stop reading beyond.
    private const int EventsMax = 256;

    private readonly Channel<LineEvent> _events = Channel.CreateBounded<LineEvent>(EventsMax);
    private readonly CancellationTokenSource _stop = new();
    private Task _feeding = Task.CompletedTask;

    internal Route Route { get; } = route;

    internal uint Epoch { get; } = epoch;

    internal IReadOnlyList<StageLine> Lines { get; } = lines;

    /// <summary>Listens, and brings every stage to the same position.</summary>
    internal void Start(IReadOnlyList<int> ids, int chunkTokens)
    {
        foreach (StageLine line in Lines)
        {
            line.Start(_events.Writer);
        }

        int[] known = [.. ids];
        _feeding = FeedAsync(known, FeedPlan.Make([.. Lines.Select(line => line.Held)], known.Length, chunkTokens));
    }

    /// <summary>What comes next from any stage, or null when nothing came in time.</summary>
    internal async Task<LineEvent?> NextAsync(TimeSpan wait, CancellationToken cancel)
    {
        if (_events.Reader.TryRead(out LineEvent next))
        {
            return next;
        }

        // Timers count whole milliseconds: rounded down, a wait of less would end before any time has passed.
        var whole = TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds)));
        using var patience = new CancellationTokenSource(whole, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            return await _events.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Stops feeding. The lines live on: a stage keeps its session until it hears of a newer epoch.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _feeding;
        _stop.Dispose();
    }

    private async Task FeedAsync(int[] ids, IReadOnlyList<FeedStep> steps)
    {
        ILinkStream? stream = null;
        string why = "it ended the stream of steps";

        try
        {
            stream = await Lines[0].Link.OpenAsync(StreamPriority.Decode, _stop.Token);
            var hop = new OpenHop { Ticket = ticket, Stage = 0 };
            await stream.SendAsync(new Envelope { OpenHop = hop }, default, _stop.Token);

            foreach (FeedStep feed in steps)
            {
                await stream.SendAsync(new Envelope { Step = ToWire(feed, ids) }, default, _stop.Token);
            }

            // Nothing is ever answered here: whatever comes is the end.
            _ = await stream.ReceiveAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            why = "";
        }
        catch (FaultException e) when (e.Code is FaultCode.StaleEpoch or FaultCode.Cancelled)
        {
            // The stage tells the reason on its own line.
            why = "";
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            why = e.Message;
        }
        finally
        {
            stream?.Reset(FaultCode.Cancelled, "The route is over.");
        }

        if (why.Length > 0)
        {
            _ = _events.Writer.TryWrite(new LineEvent(0, null, why));
        }

        if (stream is not null)
        {
            await stream.DisposeAsync();
        }
    }

    private Step ToWire(FeedStep feed, int[] ids)
    {
        var step = new Step
        {
            Epoch = Epoch,
            Position = (uint)feed.Position,
            Target = (uint)feed.Target,
            Sample = feed.Sample,
        };
        step.Tokens.AddRange(ids.AsSpan(feed.Position, feed.Count).ToArray().Select(id => (uint)id));
        return step;
    }
}
