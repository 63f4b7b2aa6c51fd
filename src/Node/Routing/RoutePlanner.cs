using Swarm.Inference.Model;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Routing;

/// <summary>
/// The cheapest route: the shortest path over (peer, block). The cost of a route is the time in milliseconds that the
/// rest of the generation would take on it, what must be computed again included.
/// </summary>
public static class RoutePlanner
{
    /// <summary>Where nothing was measured: between a LAN (0.3 ms) and a continent (40 ms), nearer the LAN.</summary>
    public const double DelayMsDefault = 5;

    // A claim of less is not believed: it would draw every session to one node.
    private const double BlockMsMin = 0.001;

    // A repair must pay for itself within a paragraph; a longer horizon would throw caches away for small gains.
    private const int HorizonTokensMax = 64;

    // Each search rules out one route that passes a peer twice; rarely are there more than two or three.
    private const int SearchesMax = 64;

    /// <summary>The cheapest route, or null when the usable offers do not cover the model.</summary>
    public static Route? Plan(SwarmView view, PlanRequest request)
    {
        List<Candidate> candidates = Candidates(view, request);
        var open = new PriorityQueue<(List<Candidate> Among, List<Leg> Path), double>();
        Search(open, candidates, request);

        for (int search = 0; search < SearchesMax && open.Count > 0; search++)
        {
            (List<Candidate> among, List<Leg> path) = open.Dequeue();

            if (Repeated(path) is not { } twice)
            {
                return ToRoute(path);
            }

            foreach (List<Candidate> part in Apart(among, twice.First, twice.Second))
            {
                Search(open, part, request);
            }
        }

        return Farthest(candidates, request.BlockCount) is { } any ? ToRoute(any) : null;
    }

    /// <summary>The blocks that no usable offer of <paramref name="view"/> covers.</summary>
    public static IReadOnlyList<BlockRange> Uncovered(SwarmView view, PlanRequest request)
        => SwarmView.Uncovered(request.BlockCount, Candidates(view, request).Select(candidate => candidate.Blocks));

    /// <summary>What <see cref="Plan"/> minimises, in milliseconds.</summary>
    public static double CostMs(SwarmView view, PlanRequest request, Route route)
    {
        List<Candidate> candidates = Candidates(view, request);
        double cost = 0;
        Candidate? previous = null;

        foreach (Stage stage in route.Stages)
        {
            Candidate peer = candidates
                .Where(candidate => candidate.Node == stage.Node && candidate.Serves(stage.Blocks))
                .MinBy(candidate => candidate.BlockMs(request))!;
            cost += EnterMs(previous, peer, request) + (stage.Blocks.Count * peer.BlockMs(request));
            previous = peer;
        }

        return cost;
    }

    /// <summary>How long a token should take on a route; null when a stage of it is offered no more.</summary>
    public static RoutePace? Pace(SwarmView view, PlanRequest request, Route route)
    {
        PlanRequest anew = request with { Kept = new Dictionary<NodeId, BlockRange>(), IsUsable = _ => true };
        List<Candidate> candidates = Candidates(view, anew);
        var stages = new List<RoutePace.Part>();
        double delays = 0;
        Candidate? previous = null;

        foreach (Stage stage in route.Stages)
        {
            if (candidates.Find(candidate => candidate.Node == stage.Node) is not { } peer)
            {
                return null;
            }

            stages.Add(new RoutePace.Part(stage.Node, stage.Blocks.Count, peer.ClaimedMs, peer.DecodeMs));
            delays += EnterMs(previous, peer, anew) / Horizon(anew);
            previous = peer;
        }

        return new RoutePace(delays + stages.Sum(stage => stage.Blocks * stage.BlockMs), stages);
    }

    private static int Horizon(PlanRequest request)
        => Math.Clamp(request.PositionsMax - request.Positions, 1, HorizonTokensMax);

    private static List<Candidate> Candidates(SwarmView view, PlanRequest request)
    {
        var candidates = new List<Candidate>();

        // The order of the offers must not decide anything: two origins with one view take one route.
        foreach (PeerOffer offer in view.Offers.OrderBy(offer => offer.Node))
        {
            if (!IsSound(offer, request) || !request.IsUsable(offer.Node))
            {
                continue;
            }

            bool holds = request.Kept.TryGetValue(offer.Node, out BlockRange kept);
            double found = request.FoundBlockMs(offer.Node);

            if (holds && offer.Blocks.Contains(kept))
            {
                candidates.Add(new Candidate(offer, kept, true, found));
            }

            // Who has the session has its place, though it takes no new ones.
            if (holds || (offer.Offer.State == OfferState.Serving
                && offer.Offer.KvTokensFree >= (ulong)request.PositionsMax))
            {
                candidates.Add(new Candidate(offer, offer.Blocks, false, found));
            }
        }

        return candidates;
    }

    private static bool IsSound(PeerOffer offer, PlanRequest request)
        => offer.Offer.State is OfferState.Serving or OfferState.Draining
            && offer.Offer.BlockCount == request.BlockCount
            && offer.Offer.Numerics == request.Numerics
            && offer.Offer.First < offer.Offer.Last
            && offer.Offer.Last <= request.BlockCount;

    private static void Search(
        PriorityQueue<(List<Candidate> Among, List<Leg> Path), double> open,
        List<Candidate> among,
        PlanRequest request)
    {
        if (among.Count > 0 && Shortest(among, request) is (double cost, List<Leg> path) && double.IsFinite(cost))
        {
            open.Enqueue((among, path), cost);
        }
    }

    private static (double Cost, List<Leg> Path) Shortest(List<Candidate> candidates, PlanRequest request)
    {
        int blocks = request.BlockCount;
        int count = candidates.Count;
        double[] cost = new double[count];
        int[,] from = new int[blocks, count];

        for (int block = 0; block < blocks; block++)
        {
            double[] next = new double[count];

            for (int i = 0; i < count; i++)
            {
                next[i] = double.PositiveInfinity;
                from[block, i] = -1;

                if (candidates[i].Blocks.Contains(block))
                {
                    (next[i], from[block, i]) = Cheapest(candidates, request, cost, block, i);
                    next[i] += candidates[i].BlockMs(request);
                }
            }

            cost = next;
        }

        int best = Enumerable.Range(0, count).MinBy(i => cost[i]);
        return (cost[best], double.IsPositiveInfinity(cost[best]) ? [] : Walk(candidates, from, blocks, best));
    }

    private static (double Cost, int From) Cheapest(
        List<Candidate> candidates,
        PlanRequest request,
        double[] cost,
        int block,
        int to)
    {
        if (!candidates[to].MayBegin(block) || !request.MayCutBefore(block))
        {
            return (cost[to], to);
        }

        if (block == 0)
        {
            return (EnterMs(null, candidates[to], request), to);
        }

        // Staying comes first, so that an equal cost never adds a hop.
        (double Cost, int From) best = (cost[to], to);

        for (int i = 0; i < candidates.Count; i++)
        {
            if (candidates[i].Node == candidates[to].Node
                || double.IsPositiveInfinity(cost[i])
                || !candidates[i].MayEnd(block))
            {
                continue;
            }

            double entering = cost[i] + EnterMs(candidates[i], candidates[to], request);

            if (entering < best.Cost)
            {
                best = (entering, i);
            }
        }

        return best;
    }

    private static List<Leg> Walk(
        List<Candidate> candidates,
        int[,] from,
        int blocks,
        int last)
    {
        var path = new List<Leg>();
        int end = blocks;
        int at = last;

        for (int block = blocks - 1; block >= 0; block--)
        {
            int previous = from[block, at];

            if (block == 0 || previous != at)
            {
                path.Add(new Leg(candidates[at], new BlockRange(block, end)));
                end = block;
                at = previous;
            }
        }

        path.Reverse();
        return path;
    }

    // The first peer that is passed twice, where it is passed.
    private static (Leg First, Leg Second)? Repeated(List<Leg> path)
    {
        var seen = new Dictionary<NodeId, Leg>();

        foreach (Leg leg in path)
        {
            if (!seen.TryAdd(leg.Peer.Node, leg))
            {
                return (seen[leg.Peer.Node], leg);
            }
        }

        return null;
    }

    // Whoever serves one stretch only ends before the second leg, or begins after the first, or goes straight through,
    // which is so when nobody else serves what lies between.
    private static IEnumerable<List<Candidate>> Apart(List<Candidate> among, Leg first, Leg second)
    {
        NodeId twice = first.Peer.Node;
        var before = new BlockRange(0, second.Blocks.First);
        var after = new BlockRange(first.Blocks.Last, int.MaxValue);
        yield return [.. among.SelectMany(c => c.Node == twice ? c.Within(before) : [c])];
        yield return [.. among.SelectMany(c => c.Node == twice ? c.Within(after) : [c])];

        var left = new BlockRange(0, first.Blocks.Last - 1);
        var right = new BlockRange(second.Blocks.First + 1, int.MaxValue);
        yield return [.. among.SelectMany(c => c.Node == twice ? [c] : c.Within(left).Concat(c.Within(right)))];
    }

    // A route that exists whenever the blocks are served, and passes nobody twice: on with who reaches farthest.
    private static List<Leg>? Farthest(List<Candidate> candidates, int blocks)
    {
        var path = new List<Leg>();

        for (int block = 0; block < blocks; block = path[^1].Blocks.Last)
        {
            if (candidates.Where(c => !c.Holds && c.Blocks.Contains(block)).MaxBy(c => c.Blocks.Last) is not { } peer)
            {
                return null;
            }

            path.Add(new Leg(peer, new BlockRange(block, peer.Blocks.Last)));
        }

        return path;
    }

    private static double EnterMs(Candidate? from, Candidate to, PlanRequest request)
    {
        double delay = from is null ? request.OriginDelayMs(to.Node) ?? DelayMsDefault : DelayMs(from, to);
        double queue = to.Offer.Offer.QueueDepth * to.DecodeMs;
        return Horizon(request) * (delay + queue);
    }

    private static double DelayMs(Candidate from, Candidate to)
    {
        MeasuredLink? link = from.Offer.Offer.Links.FirstOrDefault(l => IsTo(l, to.Node))
            ?? to.Offer.Offer.Links.FirstOrDefault(l => IsTo(l, from.Node));
        return link is { RoundTripMs: >= 0 and < double.PositiveInfinity } ? link.RoundTripMs / 2 : DelayMsDefault;
    }

    private static bool IsTo(MeasuredLink link, NodeId node)
        => link.Node.Length == NodeId.Size && NodeId.Read(link.Node.Span) == node;

    private static Route ToRoute(List<Leg> path) => new([.. path.Select(leg => ToStage(leg.Peer, leg.Blocks))]);

    private static Stage ToStage(Candidate peer, BlockRange blocks)
        => new(peer.Node, peer.Offer.Offer.Name, Addresses.Read(peer.Offer.Offer.Addresses, peer.Node), blocks);

    /// <summary>A part of a route: some blocks of a candidate.</summary>
    private sealed record Leg(Candidate Peer, BlockRange Blocks);

    /// <summary>
    /// A way to use a peer: exactly the stretch it holds keys and values for, or any part of its span, anew. A peer
    /// that is given another stretch than before gives up what it holds.
    /// </summary>
    private sealed record Candidate(PeerOffer Offer, BlockRange Blocks, bool Holds, double FoundBlockMs)
    {
        public NodeId Node => Offer.Node;

        public double DecodeMs => Math.Max(ClaimedMs, FoundBlockMs);

        public double ClaimedMs => Sound(Offer.Offer.DecodePerBlockMs);

        // Who takes longer than it says for one token does so for many.
        private double PrefillMs => Sound(Offer.Offer.PrefillPerBlockMs) * (DecodeMs / ClaimedMs);

        public double BlockMs(PlanRequest request)
            => (Horizon(request) * DecodeMs) + (Holds ? 0 : request.Positions * PrefillMs);

        public bool MayBegin(int block) => !Holds || block == Blocks.First;

        public bool MayEnd(int block) => !Holds || block == Blocks.Last;

        public bool Serves(BlockRange blocks) => Blocks.Contains(blocks) && (!Holds || blocks == Blocks);

        /// <summary>What of it lies in <paramref name="limits"/>; what is held stays whole or goes.</summary>
        public IEnumerable<Candidate> Within(BlockRange limits)
        {
            BlockRange rest = Blocks.Intersect(limits);
            return rest.IsEmpty || (Holds && rest != Blocks) ? [] : [this with { Blocks = rest }];
        }

        private static double Sound(double ms) => double.IsFinite(ms) ? Math.Max(ms, BlockMsMin) : 1e6;
    }
}
