using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Inference.Tests.Forward.Oracle;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Generation;

/// <summary>In steady state a token costs no managed memory, on any thread: nothing is ever collected meanwhile.</summary>
[TestFixture]
public sealed class AllocationTests
{
    // The smallest object: were one made per token, that many bytes would show.
    private const int ObjectBytes = 24;
    private const int Tokens = 100;

    // What each token costs shows in every stretch; what the runtime once makes for itself, in one.
    private const int Stretches = 3;

    private static readonly int[] Prompt = [.. Enumerable.Range(0, 48).Select(i => (i * 131 + 7) % 256)];

    private static readonly SamplingOptions[] Samplings =
    [
        SamplingOptions.Greedy,
        new SamplingOptions(),
        new SamplingOptions { TopK = 0, TopP = 0.9f, MinP = 0.01f, RepeatPenalty = 1.2f },
        new SamplingOptions { TopK = 5 },
    ];

    [Test]
    public void A_generated_token_allocates_nothing(
        [Values("tiny", "tiny-gpt2")] string shape,
        [Values] KvCacheType cache,
        [Range(0, 3)] int sampling)
    {
        using ModelFile file = TinyModel.Open(ModelShape.All.First(known => known.Name == shape), GgmlType.Q8_0);
        AssertNothingAllocated(file, cache, Samplings[sampling]);
    }

    [Test]
    public void Nor_does_it_in_any_architecture(
        [ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using ModelFile file = SmallModels.Open(name, GgmlType.F16);
        AssertNothingAllocated(file, KvCacheType.F16, SamplingOptions.Greedy);
    }

    [Test]
    public void Nor_does_it_with_weights_in_blocks_of_256(
        [Values(GgmlType.Q2_K, GgmlType.Q3_K, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K, GgmlType.IQ4_XS)]
        GgmlType type)
    {
        using ModelFile file = TinyModel.Open(
            ModelShape.Tiny with { Name = "tiny-256", Blocks = 2, Width = 256, FeedForward = 512 }, type);
        Assert.That(file.Require("blk.1.ffn_down.weight").Type, Is.EqualTo(type));
        AssertNothingAllocated(file, KvCacheType.F16, SamplingOptions.Greedy);
    }

    [Test]
    public void A_prompt_allocates_nothing_after_its_first_chunk([Values("tiny", "tiny-gpt2")] string shape)
    {
        const int Chunk = 16;
        using ModelFile file = TinyModel.Open(ModelShape.All.First(known => known.Name == shape), GgmlType.Q4_0);
        using var pool = new ComputePool(2);
        using var model = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        using KvCache cache = model.NewCache(model.Blocks, 256, KvCacheType.F16);
        StepSlice[] steps =
        [
            new StepSlice
            {
                Cache = cache,
                Blocks = model.Blocks,
                Position = 0,
                Tokens = Prompt.AsMemory(0, Chunk),
                Rows = new float[Chunk * model.Config.Width],
            },
        ];
        model.Run(steps);
        long asking = Asking(pool);
        long before = Allocated(pool);

        for (int chunk = 1; chunk < 16; chunk++)
        {
            steps[0].Position = chunk * Chunk;
            model.Run(steps);
        }

        Assert.That(Allocated(pool) - before - asking, Is.LessThan(15 * ObjectBytes));
    }

    private static void AssertNothingAllocated(ModelFile file, KvCacheType cache, SamplingOptions sampling)
    {
        using var pool = new ComputePool(2);
        using var model = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        var options = new GeneratorOptions
        {
            TokensMax = (Stretches * Tokens) + 20,
            CacheType = cache,
            Sampling = sampling,
        };
        int[] prompt = [.. Prompt.Select(id => id % model.Config.VocabularySize)];

        // What runs for the first time may make what it keeps, at whatever position that is.
        _ = new Generator(model).Generate(prompt, options).Count();
        using IEnumerator<int> ids = new Generator(model).Generate(prompt, options).GetEnumerator();
        Take(ids, 20);
        long asking = Asking(pool);
        long[] made = new long[Stretches];

        for (int i = 0; i < Stretches; i++)
        {
            long before = Allocated(pool);
            Take(ids, Tokens);
            made[i] = Allocated(pool) - before - asking;
        }

        Assert.That(made.Min(), Is.LessThan(Tokens * ObjectBytes), $"bytes: {string.Join(", ", made)}");
    }

    // What it takes to ask.
    private static long Asking(ComputePool pool)
    {
        _ = Allocated(pool);
        return -Allocated(pool) + Allocated(pool);
    }

    // By this thread and by the other one of the pool; what the rest of the process does meanwhile does not count.
    private static long Allocated(ComputePool pool)
    {
        long other = -1;
        pool.For(2, 1 << 30, (first, last) =>
        {
            if (first > 0)
            {
                Volatile.Write(ref other, GC.GetAllocatedBytesForCurrentThread());
            }
            else
            {
                // While this thread waits, it cannot take the other's part.
                _ = SpinWait.SpinUntil(() => Volatile.Read(ref other) >= 0, TimeSpan.FromSeconds(30));
            }
        });
        Assert.That(other, Is.Not.Negative);
        return GC.GetAllocatedBytesForCurrentThread() + other;
    }

    private static void Take(IEnumerator<int> ids, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = ids.MoveNext();
        }
    }
}
