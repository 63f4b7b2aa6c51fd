using NUnit.Framework;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ModelMakerTests
{
    private static readonly string[] Ends = ["token_embd.weight", "output_norm.weight", "output.weight"];

    [Test]
    public void A_tiny_model_opens_with_the_sizes_it_was_made_with(
        [Values("tiny", "tiny-gpt2", "tiny-qwen3")] string name,
        [Values(GgmlType.F32, GgmlType.F16, GgmlType.Q8_0, GgmlType.Q4_K)] GgmlType type)
    {
        ModelShape shape = ModelShape.All.First(known => known.Name == name);
        using ModelFile model = TinyModel.Open(shape, type);
        ModelConfig expected = shape.ToConfig();

        Assert.That(model.Config with { Layers = [] }, Is.EqualTo(expected with { Layers = [] }));
        Assert.That(model.Config.Layers, Is.EqualTo(expected.Layers));
        Assert.That(model.SpanBytes(model.Config.AllBlocks), Is.EqualTo(model.Tensors.Sum(tensor => tensor.Bytes)));
    }

    [Test]
    public void The_seed_decides_the_bytes()
    {
        byte[] first = Made(seed: 1);

        Assert.That(Made(seed: 1), Is.EqualTo(first));
        Assert.That(Made(seed: 1, threads: 3), Is.EqualTo(first));
        Assert.That(Made(seed: 2), Is.Not.EqualTo(first));
    }

    [Test]
    public void A_span_needs_its_blocks_and_only_its_ends_need_more()
    {
        using ModelFile model = TinyModel.Open(ModelShape.Tiny with { Tied = false });
        int last = model.Config.BlockCount;
        long ends = Ends.Sum(name => model.Require(name).Bytes);
        long inside = model.SpanBytes(new BlockRange(1, last - 1));

        Assert.That(model.SpanBytes(new BlockRange(1, 2)) * (last - 2), Is.EqualTo(inside));
        Assert.That(
            model.SpanBytes(new BlockRange(0, 1)) + inside + model.SpanBytes(new BlockRange(last - 1, last)),
            Is.EqualTo(model.SpanBytes(model.Config.AllBlocks)));
        Assert.That(model.SpanBytes(model.Config.AllBlocks), Is.EqualTo(inside / (last - 2) * last + ends));
    }

    private static byte[] Made(ulong seed, int threads = 1)
    {
        using var stream = new MemoryStream();
        using var pool = new ComputePool(threads);
        ModelMaker.Write(stream, ModelShape.Tiny, WeightPlan.Every(GgmlType.Q8_0), seed, pool);
        return stream.ToArray();
    }
}
