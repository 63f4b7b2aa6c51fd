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

    // Each retry gives up one peer's second appearance; more of them than this cannot all matter.
    private const int RetriesMax = 16;

    /// <summary>The cheapest route, or null when the usable offers do not cover the model.</summary>
    public static Route? Plan(SwarmView view, PlanRequest request)
    {
        List<Candidate> candidates = Candidates(view, request);

        for (int retry = 0; retry < RetriesMax && candidates.Count > 0; retry++)
        {
            List<(Candidate Peer, BlockRange Blocks)>? path = Shortest(candidates, request);

            if (path is null)
            {
                return null;
            }

            if (RepeatedPeer(path) is not { } repeated)
            {
                return new Route([.. path.Select(leg => ToStage(leg.Peer, leg.Blocks))]);
            }

            // A span is contiguous, so whoever is passed twice could go straight through: leave only its best stretch.
            Narrow(candidates, path, repeated);
        }

        return null;
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
                .Where(candidate => candidate.Node == stage.Node && candidate.Blocks.Contains(stage.Blocks))
                .MinBy(candidate => candidate.BlockMs(request))!;
            cost += EnterMs(previous, peer, request) + (stage.Blocks.Count * peer.BlockMs(request));
            previous = peer;
        }

        return cost;
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

            if (holds && offer.Blocks.Contains(kept))
            {
                candidates.Add(new Candidate(offer, kept, true));
            }

            if (offer.Offer.State == OfferState.Serving
                && (holds || offer.Offer.KvTokensFree >= (ulong)request.PositionsMax))
            {
                candidates.Add(new Candidate(offer, offer.Blocks, false));
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

    private static List<(Candidate Peer, BlockRange Blocks)>? Shortest(List<Candidate> candidates, PlanRequest request)
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
        return double.IsPositiveInfinity(cost[best]) ? null : Walk(candidates, from, blocks, best);
    }

    private static (double Cost, int From) Cheapest(
        List<Candidate> candidates,
        PlanRequest request,
        double[] cost,
        int block,
        int to)
    {
        if (block == 0)
        {
            return (EnterMs(null, candidates[to], request), to);
        }

        // Staying comes first, so that an equal cost never adds a hop.
        (double Cost, int From) best = (cost[to], to);

        for (int i = 0; i < candidates.Count; i++)
        {
            if (candidates[i].Node == candidates[to].Node || double.IsPositiveInfinity(cost[i]))
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

    private static List<(Candidate Peer, BlockRange Blocks)> Walk(
        List<Candidate> candidates,
        int[,] from,
        int blocks,
        int last)
    {
        var path = new List<(Candidate Peer, BlockRange Blocks)>();
        int end = blocks;
        int at = last;

        for (int block = blocks - 1; block >= 0; block--)
        {
            int previous = from[block, at];

            if (block == 0 || previous != at)
            {
                path.Add((candidates[at], new BlockRange(block, end)));
                end = block;
                at = previous;
            }
        }

        path.Reverse();
        return path;
    }

    private static NodeId? RepeatedPeer(List<(Candidate Peer, BlockRange Blocks)> path)
    {
        var seen = new HashSet<NodeId>();
        int repeated = path.FindIndex(leg => !seen.Add(leg.Peer.Node));
        return repeated < 0 ? null : path[repeated].Peer.Node;
    }

    private static void Narrow(
        List<Candidate> candidates,
        List<(Candidate Peer, BlockRange Blocks)> path,
        NodeId peer)
    {
        (Candidate keep, BlockRange blocks) = path
            .Where(leg => leg.Peer.Node == peer)
            .MaxBy(leg => (leg.Peer.Holds, leg.Blocks.Count));
        _ = candidates.RemoveAll(candidate => candidate.Node == peer);
        candidates.Add(keep with { Blocks = blocks });
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

    private static Stage ToStage(Candidate peer, BlockRange blocks)
        => new(peer.Node, peer.Offer.Offer.Name, Addresses.Read(peer.Offer.Offer.Addresses, peer.Node), blocks);

    /// <summary>A way to use a peer: the stretch it already holds keys and values for, or its whole span.</summary>
    private sealed record Candidate(PeerOffer Offer, BlockRange Blocks, bool Holds)
    {
        public NodeId Node => Offer.Node;

        public double DecodeMs => Sound(Offer.Offer.DecodePerBlockMs);

        public double BlockMs(PlanRequest request)
            => (Horizon(request) * DecodeMs) + (Holds ? 0 : request.Positions * Sound(Offer.Offer.PrefillPerBlockMs));

        private static double Sound(double ms) => double.IsFinite(ms) ? Math.Max(ms, BlockMsMin) : 1e6;
    }
}
