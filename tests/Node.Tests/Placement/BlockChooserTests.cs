using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Placement;

namespace Swarm.Node.Tests.Placement;

/// <summary>A joining node takes what the swarm lacks most.</summary>
[TestFixture]
[Parallelizable]
public sealed class BlockChooserTests
{
    [Test]
    public void The_first_node_takes_as_much_as_it_can()
        => Assert.That(Choose(8, [], most: 4), Is.EqualTo(new BlockRange(0, 4)));

    [Test]
    public void The_second_node_covers_what_the_first_left_open()
        => Assert.That(Choose(8, [new(new(0, 4), 1)], most: 4), Is.EqualTo(new BlockRange(4, 8)));

    [Test]
    public void Four_equal_nodes_of_half_a_model_hold_each_block_twice()
    {
        List<OfferedSpan> offers = [];

        for (int node = 0; node < 4; node++)
        {
            offers.Add(new OfferedSpan(Choose(8, offers, most: 4)!.Value, 1));
        }

        Assert.That(Holders(8, offers), Is.All.EqualTo(2));
    }

    [Test]
    public void Help_goes_where_the_holder_is_slow()
        => Assert.That(
            Choose(8, [new(new(0, 4), 1), new(new(4, 8), 10)], most: 4),
            Is.EqualTo(new BlockRange(4, 8)));

    [Test]
    public void A_node_without_room_for_one_block_takes_none()
        => Assert.That(BlockChooser.Choose(BlockChooser.Supply(8, []), 1, _ => false), Is.Null);

    [Test]
    public void An_offer_beyond_the_model_does_not_count_outside_of_it()
        => Assert.That(BlockChooser.Supply(4, [new(new(2, 9), 1)]), Is.EqualTo(new[] { 0, 0, 1000.0 / 7, 1000.0 / 7 }));

    [Test]
    public void No_other_span_that_fits_leaves_the_weakest_block_better_off()
        => Prop.ForAll(Swarms().ToArbitrary(), swarm =>
        {
            double[] supply = BlockChooser.Supply(swarm.Blocks, swarm.Offers);
            BlockRange chosen = Choose(swarm.Blocks, swarm.Offers, swarm.Most)!.Value;
            double weakest = BlockChooser.Outcome(supply, chosen, 1)[0];

            return Spans(swarm.Blocks, swarm.Most)
                .All(span => BlockChooser.Outcome(supply, span, 1)[0] <= weakest * (1 + 1e-9));
        }).QuickCheckThrowOnFailure();

    [Test]
    public void The_choice_fits_and_does_not_depend_on_the_order_of_offers()
        => Prop.ForAll(Swarms().ToArbitrary(), swarm =>
        {
            BlockRange? chosen = Choose(swarm.Blocks, swarm.Offers, swarm.Most);
            BlockRange? again = Choose(swarm.Blocks, [.. swarm.Offers.Reverse()], swarm.Most);

            return chosen == again && chosen is { } span && span.Count <= swarm.Most && span.Last <= swarm.Blocks;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Whoever_joins_last_completes_a_swarm_that_only_lacks_what_it_can_hold()
        => Prop.ForAll(Swarms().ToArbitrary(), swarm =>
        {
            // Everything is held but one gap that fits.
            var gap = new BlockRange(swarm.Blocks / 2, Math.Min(swarm.Blocks, (swarm.Blocks / 2) + swarm.Most));
            List<OfferedSpan> offers = [];

            if (gap.First > 0)
            {
                offers.Add(new OfferedSpan(new BlockRange(0, gap.First), 1));
            }

            if (gap.Last < swarm.Blocks)
            {
                offers.Add(new OfferedSpan(new BlockRange(gap.Last, swarm.Blocks), 1));
            }

            offers.Add(new OfferedSpan(Choose(swarm.Blocks, offers, swarm.Most)!.Value, 1));
            return Holders(swarm.Blocks, offers).All(holders => holders > 0);
        }).QuickCheckThrowOnFailure();

    private static BlockRange? Choose(int blocks, IReadOnlyList<OfferedSpan> offers, int most)
        => BlockChooser.Choose(BlockChooser.Supply(blocks, offers), 1, span => span.Count <= most);

    private static int[] Holders(int blocks, IEnumerable<OfferedSpan> offers)
        => [.. Enumerable.Range(0, blocks).Select(block => offers.Count(offer => offer.Blocks.Contains(block)))];

    private static IEnumerable<BlockRange> Spans(int blocks, int most)
        => from first in Enumerable.Range(0, blocks)
           from count in Enumerable.Range(1, Math.Min(most, blocks - first))
           select new BlockRange(first, first + count);

    private static Gen<(int Blocks, int Most, IReadOnlyList<OfferedSpan> Offers)> Swarms()
        => from blocks in Gen.Choose(1, 24)
           from most in Gen.Choose(1, blocks)
           from offers in Gen.ListOf(Offer(blocks), 6)
           select (blocks, most, (IReadOnlyList<OfferedSpan>)[.. offers]);

    private static Gen<OfferedSpan> Offer(int blocks)
        => from first in Gen.Choose(0, blocks - 1)
           from last in Gen.Choose(first + 1, blocks)
           from tenths in Gen.Choose(1, 100)
           select new OfferedSpan(new BlockRange(first, last), tenths / 10.0);
}
