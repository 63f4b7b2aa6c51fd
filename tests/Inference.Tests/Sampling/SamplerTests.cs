using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Sampling;

namespace Swarm.Inference.Tests.Sampling;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SamplerTests
{
    private static readonly SamplingOptions Open = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0 };

    [TestCase(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(
        0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
        0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(
        0xa4093822u, 0x299f31d0u, 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u,
        0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_its_published_numbers(
        uint key0, uint key1, uint c0, uint c1, uint c2, uint c3, uint r0, uint r1, uint r2, uint r3)
        => Assert.That(Philox.Block(key0, key1, (c0, c1, c2, c3)), Is.EqualTo((r0, r1, r2, r3)));

    [Test]
    public void Without_temperature_the_largest_logit_wins_and_ties_go_to_the_lowest_id()
    {
        var sampler = new Sampler(SamplingOptions.Greedy, 5);
        Assert.That(sampler.Sample([1, 3, 2, 3, 0], []), Is.EqualTo(1));
        Assert.That(sampler.Sample([5, 5, 5, 5, 5], [4]), Is.Zero);
    }

    [Test]
    public void The_same_position_draws_the_same_token_and_others_draw_others()
    {
        float[] logits = [.. Enumerable.Range(0, 100).Select(i => (float)Math.Sin(i))];
        var sampler = new Sampler(Open with { Seed = 7 }, 100);
        int[] drawn = [.. Enumerable.Range(0, 50).Select(length => sampler.Sample(logits, new int[length]))];
        var another = new Sampler(Open with { Seed = 7 }, 100);

        Assert.That(drawn.Select((_, length) => another.Sample(logits, new int[length])), Is.EqualTo(drawn));
        Assert.That(drawn.Distinct().Count(), Is.GreaterThan(20));
    }

    [Test]
    public void Draws_follow_the_probabilities()
    {
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)];
        var sampler = new Sampler(Open, 3);
        int[] counts = new int[3];

        for (int length = 0; length < 20_000; length++)
        {
            counts[sampler.Sample(logits, new int[length % 1000 + 1].AsSpan(0, length % 1000 + 1))] += 1;
            sampler = length % 1000 == 999 ? new Sampler(Open with { Seed = (ulong)length }, 3) : sampler;
        }

        Assert.That(counts[0] / 20_000.0, Is.EqualTo(0.5).Within(0.02));
        Assert.That(counts[1] / 20_000.0, Is.EqualTo(0.3).Within(0.02));
    }

    [Test]
    public void Only_the_best_k_the_first_p_and_the_likely_enough_are_drawn()
    {
        float[] logits = [MathF.Log(0.4f), MathF.Log(0.3f), MathF.Log(0.2f), MathF.Log(0.1f)];
        Assert.That(Drawn(Open with { TopK = 2 }, logits), Is.EqualTo("0, 1"));
        Assert.That(Drawn(Open with { TopP = 0.65f }, logits), Is.EqualTo("0, 1"));
        Assert.That(Drawn(Open with { TopP = 0.75f }, logits), Is.EqualTo("0, 1, 2"));
        Assert.That(Drawn(Open with { MinP = 0.45f }, logits), Is.EqualTo("0, 1, 2"));
        Assert.That(Drawn(Open with { TopK = 1 }, [1, 1, 1, 1]), Is.EqualTo("0"));
    }

    [Test]
    public void The_best_k_are_the_same_however_they_are_found()
    {
        Prop.ForAll(
            (from seed in Gen.Choose(0, 1 << 30)
             from k in Gen.Choose(1, 100)
             select (seed, k)).ToArbitrary(),
            draw =>
            {
                // Few different logits: ties at every border.
                var random = new Random(draw.seed);
                float[] logits = [.. Enumerable.Range(0, 400).Select(_ => (float)random.Next(8))];
                var sampler = new Sampler(Open with { TopK = draw.k }, 400);
                IEnumerable<int> sorted = Enumerable.Range(0, 400).OrderByDescending(id => logits[id]).ThenBy(id => id);
                HashSet<int> best = [.. sorted.Take(draw.k)];
                Assert.That(best, Does.Contain(sampler.Sample(logits, new int[draw.seed % 50])));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    [Test]
    public void Recent_tokens_are_penalized_once_and_old_ones_not()
    {
        SamplingOptions options = SamplingOptions.Greedy with { RepeatPenalty = 2, RepeatLastN = 3 };
        var sampler = new Sampler(options, 3);
        Assert.That(sampler.Sample([3, 2, 1], [0]), Is.EqualTo(1));
        Assert.That(sampler.Sample([3, 1.6f, 1], [0, 0, 0]), Is.EqualTo(1));
        Assert.That(sampler.Sample([3, 1.4f, 1], [0, 0, 0]), Is.Zero);
        Assert.That(sampler.Sample([3, 2, 1], [0, 1, 1, 1]), Is.Zero);
        Assert.That(sampler.Sample([-1, -1.5f, -3], [0, 0]), Is.EqualTo(1));
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        Assert.That(() => Open with { Temperature = -1 }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Open with { TopP = 1.5f }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Open with { MinP = float.NaN }, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static string Drawn(SamplingOptions options, float[] logits)
    {
        var sampler = new Sampler(options, logits.Length);
        IEnumerable<int> drawn = Enumerable.Range(0, 300).Select(length => sampler.Sample(logits, new int[length]));
        return string.Join(", ", drawn.Distinct().Order());
    }
}
