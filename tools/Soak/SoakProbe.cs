using System.Diagnostics;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Inference.Model;
using Swarm.Node.Membership;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Simulator;

namespace Swarm.Soak;

/// <summary>Asks the nodes for this and that, all the time, and holds each answer against the truth.</summary>
internal sealed class SoakProbe(SoakRun run, SoakOptions options)
{
    private const int Width = 20;
    private const int HoldersWanted = 3;

    // As long as an announcement may be believed: its lease, and what two clocks may differ by.
    private readonly TimeSpan _believed = options.Lease + DhtLimits.ClockSkewMax;
    private readonly Random _random = new(options.Seed + 1);
    private readonly Lock _gate = new();

    public Figures Figures { get; } = new();

    public int Planned { get; private set; }

    public int Routed { get; private set; }

    /// <summary>From a first attempt at a route until one stands of which every stage answers, in seconds.</summary>
    public Samples RouteSeconds { get; } = new();

    /// <summary>Holders that were sure to be there, and those of them that a reader learnt of.</summary>
    public (long Sure, long Read) Holders { get; private set; }

    /// <summary>Announcements of nodes that had left in good order, and were still read as if they had not.</summary>
    public int Unwithdrawn { get; private set; }

    /// <summary>What cannot be: answers of the dead, words nobody said, routes through nowhere.</summary>
    public List<string> Lies { get; } = [];

    /// <summary>Asks at even intervals until the time is over, then waits for the last answers.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var asked = new List<Task>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / options.ProbesPerSecond));

        try
        {
            for (int i = 0; await timer.WaitForNextTickAsync(stop); i++)
            {
                _ = asked.RemoveAll(task => task.IsCompletedSuccessfully);
                asked.Add(AskAsync(i % 3));
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }

        await Task.WhenAll(asked);
    }

    private async Task AskAsync(int kind)
    {
        SoakNode? asker;
        byte[] point = new byte[NodeId.Size];

        lock (_gate)
        {
            asker = run.Draw(_random);
            _random.NextBytes(point);
        }

        if (asker is null)
        {
            return;
        }

        try
        {
            await (kind switch
            {
                0 => LookUpAsync(asker, NodeId.Read(point)),
                1 => ReadAsync(asker, point[0] % DhtKeys.GroupOf(SoakNode.BlockCount)),
                _ => PlanAsync(asker),
            });
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // It was killed while it asked; one that lives has no excuse.
            if (run.Truth.Sure(long.MaxValue).Contains(asker.Id))
            {
                Tell($"a probe of kind {kind} failed in a node that lives: {e.Message}");
            }
        }
    }

    private async Task LookUpAsync(SoakNode asker, NodeId target)
    {
        long begun = Stopwatch.GetTimestamp();
        DhtNode.LookupOutcome outcome = await asker.Dht.LookUpAsync(target, reading: null, CancellationToken.None);
        NodeId[] found = [.. outcome.Closest.Select(contact => contact.Id)];
        NodeId[] nearest = [.. run.Truth.Sure(begun)
            .Where(node => node != asker.Id)
            .Union(found)
            .OrderBy(node => node.DistanceTo(target))
            .Take(Width)];

        if (!IsSure(asker, begun))
        {
            return;
        }

        lock (_gate)
        {
            Figures.LookupMs.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            Figures.Hops.Add(outcome.Hops);
            Figures.Messages.Add(outcome.Queries);
            Figures.Nearest += nearest.Length > 0 && found.Contains(nearest[0]) ? 1 : 0;
            Figures.Wanted += nearest.Length;
            Figures.Found += nearest.Count(found.Contains);
        }

        foreach (NodeId node in found)
        {
            if (run.Truth.Of(node) is not { } life)
            {
                Tell($"a lookup found {node}, which never was");
            }
            else if (life.EndedAt < begun)
            {
                Tell($"a lookup was answered by {node}, which had ended");
            }
        }
    }

    private async Task ReadAsync(SoakNode asker, int group)
    {
        long begun = Stopwatch.GetTimestamp();
        NodeId key = DhtKeys.Blocks(asker.Swarm, SoakNode.Model.Span, group);
        IReadOnlyList<FoundRecord> records = await asker.Dht.FindRecordsAsync(key, CancellationToken.None);
        NodeId[] sure = [.. run.Truth.Sure(begun, blocks => Holds(blocks, group))];

        if (!IsSure(asker, begun))
        {
            return;
        }

        HashSet<NodeId> read = [.. records.Select(record => record.Signer)];
        int learnt = sure.Count(read.Contains);

        lock (_gate)
        {
            Figures.Retrievals++;
            Figures.RetrievalMs.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            Figures.Lost += learnt < Math.Min(HoldersWanted, sure.Length) ? 1 : 0;
            Holders = (Holders.Sure + sure.Length, Holders.Read + learnt);
        }

        foreach (FoundRecord record in records)
        {
            Check(record, group, begun);
        }
    }

    private void Check(FoundRecord record, int group, long begun)
    {
        if (run.Truth.Of(record.Signer) is not { } life
            || OfferRules.ReadOffer(record, SoakNode.Model.Span) is not { } offer
            || offer.Blocks != life.Blocks
            || !Holds(offer.Blocks, group))
        {
            Tell($"under group {group} lay a word that {record.Signer} never said");
            return;
        }

        // A word taken back says itself that its signer is gone, for as long as an older one could be replayed.
        if (life.EndedAt > begun || offer.Offer.State == OfferState.Left)
        {
            return;
        }

        if (Stopwatch.GetElapsedTime(life.EndedAt, begun) > _believed)
        {
            Tell($"{record.Signer} ended {Stopwatch.GetElapsedTime(life.EndedAt, begun).TotalSeconds:F0} s before, "
                + "and was read as if it were there");
        }
        else if (life.Withdrawn)
        {
            lock (_gate)
            {
                Unwithdrawn++;
            }
        }
    }

    // Plans, tries every stage, and plans anew without those that do not answer.
    private async Task PlanAsync(SoakNode asker)
    {
        long begun = Stopwatch.GetTimestamp();
        bool stands = false;

        for (int attempt = 0; attempt < 16 && !stands; attempt++)
        {
            Route? route = asker.Plan(await asker.Offers.ReadAsync(CancellationToken.None));

            if (route is null)
            {
                break;
            }

            Check(route, begun);
            bool[] answers = await Task.WhenAll(route.Stages
                .Where(stage => stage.Node != asker.Id)
                .Select(stage => asker.ReachesAsync(stage, CancellationToken.None)));
            stands = answers.All(answer => answer);
        }

        bool isCovered = Covered(run.Truth.Sure(begun));

        if (!IsSure(asker, begun) || (!stands && !isCovered))
        {
            return;
        }

        lock (_gate)
        {
            Planned++;
            Routed += stands ? 1 : 0;
            RouteSeconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
    }

    private void Check(Route route, long begun)
    {
        int next = 0;

        foreach (Stage stage in route.Stages)
        {
            if (stage.Blocks.First != next || run.Truth.Of(stage.Node)?.Blocks.Contains(stage.Blocks) != true)
            {
                Tell($"the route {route} leads through blocks that are not there");
            }

            if (run.Truth.Of(stage.Node) is { } life && life.EndedAt < begun
                && Stopwatch.GetElapsedTime(life.EndedAt, begun) > _believed)
            {
                Tell($"the route {route} leads through a node that ended long ago");
            }

            next = stage.Blocks.Last;
        }

        if (next != SoakNode.BlockCount)
        {
            Tell($"the route {route} ends at block {next}");
        }
    }

    private bool Covered(IReadOnlyList<NodeId> nodes)
        => Enumerable.Range(0, SoakNode.BlockCount)
            .All(block => nodes.Any(node => run.Truth.Of(node)!.Blocks.Contains(block)));

    private bool IsSure(SoakNode asker, long begun)
        => run.Truth.Of(asker.Id) is { } life && life.ReadyAt < begun && life.EndingAt == long.MaxValue;

    private static bool Holds(BlockRange blocks, int group)
        => DhtKeys.GroupOf(blocks.First) <= group && group <= DhtKeys.GroupOf(blocks.Last - 1);

    private void Tell(string lie)
    {
        lock (_gate)
        {
            Lies.Add(lie);
        }
    }
}
