using NUnit.Framework;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

/// <summary>The mixes give each tensor of the kit's files the type that the reference gave it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ConformanceModelQuantizerTests : KitFixture
{
    private const string FileTypeKey = "general.file_type";

    [TestCaseSource(nameof(Files))]
    public void Every_tensor_has_the_type_that_the_mix_of_its_file_gives(string path)
    {
        RequireFile(path);
        using var file = GgufFile.Open(path);
        var type = (FileType)(file.Metadata.Whole(FileTypeKey) ?? -1);

        if (!Enum.IsDefined(type))
        {
            Assert.Ignore("The file does not say what mix it is, or one this program does not write.");
        }

        var plan = WeightPlan.Mix(type);
        var model = MixModel.Of(file);

        foreach (GgufTensor tensor in file.Tensors)
        {
            Assert.That(
                tensor.Type,
                Is.EqualTo(plan.TypeOf(tensor.Name, tensor.Dimensions, model) ?? tensor.Type),
                tensor.Name);
        }
    }

    [Test]
    public void The_kit_holds_quantized_files() => Assert.That(Kit.Files("quant", "*.gguf"), Is.Not.Empty);

    private static IEnumerable<TestCaseData<string>> Files() => Cases(Kit.Files("quant", "*.gguf"));
}
