using System.Runtime.InteropServices;
using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Kernels;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Tests.Forward.Oracle;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Forward;

/// <summary>Cut anywhere, fed in any chunks, on any number of threads and any instructions: the same bits.</summary>
[TestFixture]
public sealed class CutTests
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 75).Select(i => (i * 7919 + 3) % 256)];
    private static readonly int[] ChunkLengths = [1, 7, 32, int.MaxValue];

    [Test]
    public void Cuts_chunks_and_threads_change_no_bit(
        [Values("tiny", "tiny-gpt2")] string shape,
        [Values(GgmlType.F32, GgmlType.F16, GgmlType.Q8_0, GgmlType.Q4_0)] GgmlType type,
        [Values] KvCacheType cache)
    {
        using ModelFile model = TinyModel.Open(ModelShape.All.First(known => known.Name == shape), type);
        AssertCutsChangeNothing(model, cache, Ids);
    }

    [Test]
    public void Every_architecture_may_be_cut_where_it_says(
        [ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name,
        [Values(GgmlType.F32, GgmlType.Q8_0)] GgmlType type)
    {
        using ModelFile model = SmallModels.Open(name, type);
        AssertCutsChangeNothing(model, KvCacheType.F16, [.. Ids[..40].Select(id => id % 67)]);
    }

    [Test]
    public void Fewer_instructions_change_no_bit_of_any_architecture(
        [ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using ModelFile model = SmallModels.Open(name, GgmlType.Q8_0);
        float[][] all = [.. Enum.GetValues<Isa>().Select(limit => Logits(model, limit, 67))];

        foreach (float[] logits in all)
        {
            AssertSame(logits, all[0]);
        }
    }

    [Test]
    public void Neighbours_in_a_batch_change_no_bit_of_any_architecture(
        [ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using ModelFile model = SmallModels.Open(name, GgmlType.F32);
        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model, model.Config.AllBlocks, pool);
        int[][] texts = [[.. Enumerable.Range(1, 30)], [.. Enumerable.Range(20, 7)], [.. Enumerable.Range(5, 19)]];
        KvCache[] caches = [.. texts.Select(_ => span.NewCache(span.Blocks, 50, KvCacheType.F16))];
        float[][] rows = [.. texts.Select(ids => new float[ids.Length * model.Config.Width])];
        span.Run([.. texts.Select((ids, i) => LogitRows.Slice(span, caches[i], 0, ids, rows[i]))]);

        for (int i = 0; i < texts.Length; i++)
        {
            using KvCache alone = span.NewCache(span.Blocks, 50, KvCacheType.F16);
            float[] expected = new float[rows[i].Length];
            span.Run([LogitRows.Slice(span, alone, 0, texts[i], expected)]);
            AssertSame(rows[i], expected);
            caches[i].Dispose();
        }
    }

    [Test]
    public void The_built_in_model_may_be_cut_anywhere([Values] KvCacheType cache)
    {
        using var model = ModelFile.Open(Path.Combine(AppContext.BaseDirectory, "Models", "fable.gguf"));
        AssertCutsChangeNothing(model, cache, Ids);
    }

    [Test]
    public void Fewer_instructions_change_no_bit(
        [Values("tiny", "tiny-gpt2")] string shape,
        [Values(GgmlType.F32, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0)] GgmlType type)
    {
        using ModelFile model = TinyModel.Open(ModelShape.All.First(known => known.Name == shape), type);
        float[][] all = [.. Enum.GetValues<Isa>().Select(limit => Logits(model, limit))];

        foreach (float[] logits in all)
        {
            AssertSame(logits, all[0]);
        }
    }

    [Test]
    public void Only_the_tensors_of_the_span_are_loaded()
    {
        using ModelFile model = TinyModel.Open(ModelShape.Tiny with { Tied = false }, GgmlType.Q8_0);
        using var pool = new ComputePool(1);

        foreach (BlockRange blocks in new BlockRange[] { new(0, 6), new(0, 2), new(2, 3), new(3, 6) })
        {
            using var span = ModelSpan.Load(model, blocks, pool);
            Assert.That(span.WeightBytes, Is.EqualTo(model.SpanBytes(blocks)), $"{blocks}");
        }
    }

    /// <summary>Every cut in two, several in three and four, every chunk length, one and two threads.</summary>
    internal static void AssertCutsChangeNothing(ModelFile model, KvCacheType cache, int[] ids)
    {
        int last = model.Config.BlockCount;
        using var one = new ComputePool(1);
        using var two = new ComputePool(2);
        using var whole = ModelSpan.Load(model, model.Config.AllBlocks, one);
        float[] expected = LogitRows.Of(whole, ids, cache);

        foreach (int chunk in ChunkLengths)
        {
            AssertSame(LogitRows.Of(whole, ids, cache, chunk), expected);
        }

        foreach (int[] cuts in Cuts(last))
        {
            int[] borders = [0, .. cuts, last];

            if (!borders.All(model.Config.MayCutBefore))
            {
                continue;
            }

            foreach (ComputePool pool in new[] { one, two })
            {
                ModelSpan[] stages =
                [
                    .. borders.Skip(1).Select((end, i) => ModelSpan.Load(model, new BlockRange(borders[i], end), pool)),
                ];

                foreach (int chunk in ChunkLengths)
                {
                    AssertSame(LogitRows.OfStages(stages, ids, cache, chunk), expected);
                }

                Array.ForEach(stages, stage => stage.Dispose());
            }
        }
    }

    private static IEnumerable<int[]> Cuts(int last)
    {
        for (int cut = 1; cut < last; cut++)
        {
            yield return [cut];
        }

        for (int cut = 1; cut + 1 < last; cut++)
        {
            yield return [cut, last - 1];
        }

        if (last >= 4)
        {
            yield return [1, 2, last - 1];
            yield return [1, last / 2, last - 1];
        }
    }

    private static float[] Logits(ModelFile model, Isa limit, int vocabulary = 256)
    {
        using var pool = new ComputePool(1, limit);
        using var span = ModelSpan.Load(model, model.Config.AllBlocks, pool);
        return LogitRows.Of(span, [.. Ids[..40].Select(id => id % vocabulary)], KvCacheType.F16, 17);
    }

    private static void AssertSame(float[] logits, float[] expected)
        => Assert.That(MemoryMarshal.AsBytes<float>(logits).SequenceEqual(MemoryMarshal.AsBytes<float>(expected)));
}
