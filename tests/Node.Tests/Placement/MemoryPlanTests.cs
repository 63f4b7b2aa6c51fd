using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Placement;

namespace Swarm.Node.Tests.Placement;

/// <summary>Weights and caches share one budget.</summary>
[TestFixture]
[Parallelizable]
public sealed class MemoryPlanTests
{
    private static readonly MemoryPlan Plan = new(1000, span => span.Count * 100, span => span.Count * 2, 10);

    [Test]
    public void A_span_fits_only_with_room_for_one_session()
        => Assert.That(
            Enumerable.Range(1, 10).Last(count => Plan.Fits(new BlockRange(0, count))),
            Is.EqualTo(8), "8 blocks take 800 and 160 for a session; 9 would take 900 and 180");

    [Test]
    public void What_the_weights_leave_is_for_caches()
        => Assert.That(Plan.KvBytes(new BlockRange(0, 6)), Is.EqualTo(400));
}
