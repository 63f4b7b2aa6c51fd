using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Node.Generation;

namespace Swarm.Node.Tests.Generation;

[TestFixture]
public sealed class FeedPlanTests
{
    private static readonly Arbitrary<(int[] Held, int Ids, int Chunk)> Routes = Arb.From(
        from ids in Gen.Choose(1, 60)
        from stages in Gen.Choose(1, 6)
        from held in Gen.ArrayOf(Gen.Choose(0, ids), stages)
        from chunk in Gen.Choose(1, 20)
        select (held, ids, chunk));

    [Test]
    public void Every_stage_can_take_every_step_and_stands_at_the_end()
        => Prop.ForAll(Routes, route =>
        {
            int[] held = [.. route.Held];

            foreach (FeedStep step in FeedPlan.Make(route.Held, route.Ids, route.Chunk))
            {
                for (int stage = 0; stage <= step.Target; stage++)
                {
                    if (step.Position > held[stage])
                    {
                        return false;
                    }

                    held[stage] = Math.Max(held[stage], step.Position + step.Count);
                }
            }

            return Array.TrueForAll(held, position => position == route.Ids);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void The_last_step_draws_and_no_other()
        => Prop.ForAll(Routes, route =>
        {
            IReadOnlyList<FeedStep> steps = FeedPlan.Make(route.Held, route.Ids, route.Chunk);
            FeedStep last = steps[^1];
            return steps.Count(step => step.Sample) == 1
                && last.Sample
                && last.Target == route.Held.Length - 1
                && last.Position + last.Count == route.Ids;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void The_target_of_a_replay_lacks_every_position_it_is_sent()
        => Prop.ForAll(Routes, route =>
        {
            int[] held = [.. route.Held];

            foreach (FeedStep step in FeedPlan.Make(route.Held, route.Ids, route.Chunk))
            {
                if (held[step.Target] > step.Position && step.Position < route.Ids - 1)
                {
                    return false;
                }

                for (int stage = 0; stage <= step.Target; stage++)
                {
                    held[stage] = Math.Max(held[stage], step.Position + step.Count);
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Steps_are_no_longer_than_a_chunk()
        => Prop.ForAll(Routes, route => FeedPlan.Make(route.Held, route.Ids, route.Chunk)
            .All(step => step.Count >= 1 && step.Count <= route.Chunk)).QuickCheckThrowOnFailure();

    [Test]
    public void A_replaced_stage_in_the_middle_is_taught_before_anything_behind_it_computes()
        => Assert.That(
            FeedPlan.Make([21, 0, 20], idCount: 21, chunkTokens: 8),
            Is.EqualTo(new FeedStep[]
            {
                new(0, 8, 1, false), new(8, 8, 1, false), new(16, 4, 1, false), new(20, 1, 2, true),
            }));
}
