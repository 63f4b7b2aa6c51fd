using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ConformanceModelFileTests : KitFixture
{
    [Test]
    public void Every_model_of_the_kit_opens_or_says_what_is_not_supported()
    {
        int open = 0;
        int unsupported = 0;

        foreach (string path in Kit.Files("", "*.gguf", recursive: true))
        {
            try
            {
                using var model = ModelFile.Open(path);
                long all = model.Tensors.Sum(tensor => tensor.Bytes);
                Assert.That(model.SpanBytes(model.Config.AllBlocks), Is.EqualTo(all), path);
                using var header = ModelFile.FromHeader(model.Header);
                Assert.That(header.Config.Layers, Is.EqualTo(model.Config.Layers), path);
                open++;
            }
            catch (UnsupportedModelException refusal)
            {
                TestContext.Out.WriteLine($"{Path.GetFileName(path)}: {refusal.Message}");
                unsupported++;
            }
        }

        TestContext.Out.WriteLine($"{open} models open, {unsupported} not run");
        Assert.That(open, Is.GreaterThan(0));
    }
}
