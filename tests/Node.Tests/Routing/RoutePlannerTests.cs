using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Testing;

namespace Swarm.Node.Tests.Routing;

[TestFixture]
public sealed class RoutePlannerTests
{
    private const int Blocks = 5;

    private static readonly Arbitrary<SwarmView> Views = Arb.From(
        from count in Gen.Choose(1, 5)
        from spans in Gen.ArrayOf(Gen.Choose(0, Blocks - 1).SelectMany(a => Gen.Choose(a + 1, Blocks).Select(b => (a, b))), count)
        from costs in Gen.ArrayOf(Gen.Choose(1, 20), count)
        from queues in Gen.ArrayOf(Gen.Choose(0, 2), count)
        from trips in Gen.ArrayOf(Gen.Choose(0, 40), count)
        select new SwarmView([.. Enumerable.Range(0, count).Select(i =>
            Offer(i, spans[i].a, spans[i].b, costs[i], (uint)queues[i], (i + 1) % count, trips[i]))]));

    [Test]
    public void The_route_is_the_cheapest_of_all([Values(10, 400)] int positions)
        => Prop.ForAll(Views, Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), (view, seed) =>
        {
            PlanRequest request = Request() with { Positions = positions, Kept = Parts(view, new Random(seed)) };
            Route? route = RoutePlanner.Plan(view, request);
            double? cheapest = CheapestOfAll(view, request);

            return route is null
                ? cheapest is null
                : Covers(route) && cheapest is { } cost && RoutePlanner.CostMs(view, request, route) <= cost + 1e-6;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void A_faster_holder_in_the_middle_never_hides_the_one_that_holds_all()
    {
        var view = new SwarmView([Offer(0, 0, Blocks, 1000), Offer(1, 2, 3, 0.01)]);
        Assert.That(RoutePlanner.Plan(view, Request())!.Stages, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_order_of_the_offers_decides_nothing()
        => Prop.ForAll(Views, view =>
            RoutePlanner.Plan(view, Request())?.ToString()
                == RoutePlanner.Plan(new SwarmView([.. view.Offers.Reverse()]), Request())?.ToString())
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_route_exists_exactly_when_every_block_is_served()
        => Prop.ForAll(Views, view => RoutePlanner.Plan(view, Request()) is null == (view.Uncovered(Blocks).Count > 0))
            .QuickCheckThrowOnFailure();

    [Test]
    public void What_survives_keeps_its_part_though_another_is_a_little_faster()
    {
        var view = new SwarmView(
            [Offer(0, 0, 2, 10), Offer(1, 2, 5, 10), Offer(2, 0, 2, 9), Offer(3, 2, 5, 9)]);
        PlanRequest request = Request() with
        {
            Positions = 400,
            Kept = new Dictionary<NodeId, BlockRange> { [TestIdentity.Node(1)] = new(2, 5) },
        };

        Route route = RoutePlanner.Plan(view, request)!;
        Assert.That(route.Stages[^1].Node, Is.EqualTo(TestIdentity.Node(1)));
        Assert.That(route.Stages[0].Node, Is.EqualTo(TestIdentity.Node(2)));
    }

    [Test]
    public void A_survivor_that_is_given_other_blocks_is_priced_as_if_it_held_nothing()
    {
        // 0:4 of the fast one and 4:5 of the survivor would be the quickest, if the survivor could keep a part.
        var view = new SwarmView([Offer(1, 2, 5, 10), Offer(2, 0, 4, 0.05)]);
        PlanRequest anew = Request() with { Positions = 400 };
        PlanRequest repair = anew with
        {
            Kept = new Dictionary<NodeId, BlockRange> { [TestIdentity.Node(1)] = new(2, 5) },
        };
        Route part = Two(4);
        Route whole = Two(2);

        Assert.That(RoutePlanner.CostMs(view, repair, part), Is.EqualTo(RoutePlanner.CostMs(view, anew, part)));
        Assert.That(
            RoutePlanner.CostMs(view, anew, whole) - RoutePlanner.CostMs(view, repair, whole),
            Is.EqualTo(400 * 3 * (10 / 4.0)).Within(1e-6),
            "three blocks are not computed again");
        Assert.That(RoutePlanner.Plan(view, repair)!.Stages[^1].Blocks, Is.EqualTo(new BlockRange(2, 5)));

        static Route Two(int cut) => new(
            [
                new Stage(TestIdentity.Node(2), "", [], new BlockRange(0, cut)),
                new Stage(TestIdentity.Node(1), "", [], new BlockRange(cut, Blocks)),
            ]);
    }

    [Test]
    public void A_node_that_joins_drains_speaks_other_numerics_or_is_full_is_no_choice()
    {
        PeerOffer joining = Offer(0, 0, Blocks, 1);
        joining.Offer.State = OfferState.Joining;
        PeerOffer draining = Offer(1, 0, Blocks, 1);
        draining.Offer.State = OfferState.Draining;
        PeerOffer other = Offer(2, 0, Blocks, 1);
        other.Offer.Numerics = 2;
        PeerOffer full = Offer(3, 0, Blocks, 1);
        full.Offer.KvTokensFree = 10;
        PeerOffer longer = Offer(4, 0, Blocks, 1);
        longer.Offer.BlockCount = Blocks + 1;

        Assert.That(RoutePlanner.Plan(new SwarmView([joining, draining, other, full, longer]), Request()), Is.Null);
    }

    [Test]
    public void Numbers_that_are_no_measurements_cost_dearly_and_break_nothing(
        [Values(double.NaN, double.PositiveInfinity, -1)] double perBlockMs)
    {
        PeerOffer liar = Offer(0, 0, Blocks, perBlockMs);
        liar.Offer.PrefillPerBlockMs = perBlockMs;
        Assert.That(RoutePlanner.Plan(new SwarmView([liar]), Request()), Is.Not.Null);
    }

    // Some of the nodes hold a part of what they offer.
    private static Dictionary<NodeId, BlockRange> Parts(SwarmView view, Random random)
    {
        var parts = new Dictionary<NodeId, BlockRange>();

        foreach (PeerOffer offer in view.Offers.Where(_ => random.Next(3) == 0))
        {
            int first = random.Next(offer.Blocks.First, offer.Blocks.Last);
            parts[offer.Node] = new BlockRange(first, random.Next(first + 1, offer.Blocks.Last + 1));
        }

        return parts;
    }

    private static PlanRequest Request() => new() { BlockCount = Blocks, Positions = 10, PositionsMax = 40, Numerics = 1 };

    private static PeerOffer Offer(
        int node,
        int first,
        int last,
        double perBlockMs,
        uint queue = 0,
        int linkedTo = 0,
        double roundTripMs = 4)
    {
        byte[] to = new byte[NodeId.Size];
        TestIdentity.Node(linkedTo).Write(to);
        var offer = new BlockOffer
        {
            First = (uint)first,
            Last = (uint)last,
            BlockCount = Blocks,
            State = OfferState.Serving,
            DecodePerBlockMs = perBlockMs,
            PrefillPerBlockMs = perBlockMs / 4,
            KvTokensFree = 1000,
            QueueDepth = queue,
            Numerics = 1,
        };
        offer.Links.Add(new MeasuredLink { Node = ByteString.CopyFrom(to), RoundTripMs = roundTripMs });
        return new PeerOffer(TestIdentity.Node(node), offer);
    }

    private static bool Covers(Route route)
    {
        int next = 0;

        foreach (Stage stage in route.Stages)
        {
            if (stage.Blocks.First != next || stage.Blocks.IsEmpty)
            {
                return false;
            }

            next = stage.Blocks.Last;
        }

        return next == Blocks && route.Stages.Select(stage => stage.Node).Distinct().Count() == route.Stages.Count;
    }

    // Every way to give each block to a holder, no node twice: 5 holders and 5 blocks are at most 3,125 ways.
    private static double? CheapestOfAll(SwarmView view, PlanRequest request)
    {
        double? best = null;

        void Extend(List<PeerOffer> chosen)
        {
            if (chosen.Count == Blocks)
            {
                Route route = ToRoute(chosen);

                if (Covers(route))
                {
                    double cost = RoutePlanner.CostMs(view, request, route);
                    best = best is { } known && known <= cost ? known : cost;
                }

                return;
            }

            foreach (PeerOffer offer in view.Offers.Where(offer => offer.Blocks.Contains(chosen.Count)))
            {
                Extend([.. chosen, offer]);
            }
        }

        Extend([]);
        return best;
    }

    private static Route ToRoute(List<PeerOffer> chosen)
    {
        var stages = new List<Stage>();

        for (int block = 0; block < chosen.Count; block++)
        {
            if (stages.Count > 0 && stages[^1].Node == chosen[block].Node)
            {
                stages[^1] = stages[^1] with { Blocks = new BlockRange(stages[^1].Blocks.First, block + 1) };
            }
            else
            {
                stages.Add(new Stage(chosen[block].Node, "", [], new BlockRange(block, block + 1)));
            }
        }

        return new Route(stages);
    }
}
