using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>Every architecture's logits come near those of a naive forward pass in double precision.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class OracleTests
{
    // Of the largest logit: sums of floats over some blocks are off by some millionths.
    private const double Tolerance = 5e-5;

    private static readonly int[] Ids = [.. Enumerable.Range(0, 41).Select(i => (i * 29 + 7) % 67)];

    [Test]
    public void Logits_come_near_the_naive_ones(
        [ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using ModelFile file = SmallModels.Open(name, GgmlType.F32);
        using var pool = new ComputePool(1);
        using var span = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        float[] logits = LogitRows.Of(span, Ids, KvCacheType.F32, 17);
        double[] expected = NaiveModel.Logits(file, Ids, Ids.Length);
        double largest = expected.Max(Math.Abs);
        double off = logits.Zip(expected, (logit, right) => Math.Abs(logit - right)).Max();
        TestContext.Out.WriteLine($"{name}: off by {off:G3} of {largest:G3}");
        Assert.That(largest, Is.GreaterThan(0.5));
        Assert.That(off / largest, Is.LessThan(Tolerance));
    }

    [Test]
    public void There_is_a_small_model_of_every_architecture()
        => Assert.That(
            SmallModels.Names.Select(name => name.Split(' ')[0]).Distinct(),
            Is.EquivalentTo(Architecture.All.Select(architecture => architecture.Name)));
}
