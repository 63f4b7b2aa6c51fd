using NUnit.Framework;
using Swarm.Inference.Forward;

namespace Swarm.Inference.Tests.Forward;

/// <summary>The kit's trained models, cut anywhere: the same bits.</summary>
[TestFixture]
public sealed class ConformanceCutTests : KitFixture
{
    [TestCaseSource(nameof(Models))]
    public void Trained_models_may_be_cut_anywhere(string path)
    {
        using var model = Reference.Open(path, out string reason);

        if (model is null)
        {
            Assert.Ignore($"Not run: {reason}");
        }

        int[] ids = [.. Reference.Ids(model!.Facts.GetProperty("excerpt").GetProperty("tokens")).Take(70)];
        CutTests.AssertCutsChangeNothing(model.File, KvCacheType.F16, ids);
    }

    [TestCaseSource(nameof(RandomModels))]
    public void Random_models_may_be_cut_where_they_say(string path)
    {
        using var model = Reference.Open(path, out string reason);

        if (model is null)
        {
            Assert.Ignore($"Not run: {reason}");
        }

        CutTests.AssertCutsChangeNothing(
            model!.File, KvCacheType.F16, [.. Reference.Ids(model.Facts.GetProperty("tokens")).Take(40)]);
    }

    [Test]
    public void The_kit_holds_models_to_cut()
        => Assert.That(Reference.In("trained").Concat(Reference.In("arch")), Is.Not.Empty);

    private static IEnumerable<TestCaseData> RandomModels()
        => Reference.In("arch").Select(path => new TestCaseData(path)
            .SetName($"ConformanceCut(arch/{Path.GetFileNameWithoutExtension(path)})"));

    private static IEnumerable<TestCaseData> Models()
        => Reference.In("trained").Select(path => new TestCaseData(path)
            .SetName($"ConformanceCut({Path.GetFileNameWithoutExtension(path)})"));
}
