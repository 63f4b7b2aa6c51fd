using System.Text.Json;
using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Forward;

/// <summary>
/// Logits, greedy continuations and perplexities of the kit's models, within the kit's own tolerances.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class ConformanceForwardTests : KitFixture
{
    // The kit's README files: a float engine with a float cache, an engine with byte activations, and greedy steps that
    // rounding could turn.
    private const double FloatLogitTolerance = 1e-3;
    private const double FloatGeluTolerance = 2e-3;
    private const double DequantizedTolerance = 2e-3;
    private const double RoundedGap = 0.4;
    private const double QuantizedRmsTolerance = 0.15;
    private const double QuantizedMaxTolerance = 1.0;
    private const double TrainedGap = 1e-4;
    private const double TrainedQuantizedGap = 0.8;
    private const double QuantizedPerplexityTolerance = 0.005;

    [TestCaseSource(nameof(Models), new object[] { "arch" })]
    public void Random_models_give_the_reference_logits_and_greedy_ids(string path)
    {
        using Reference model = OpenOrIgnore(path);
        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model.File, model.File.Config.AllBlocks, pool);
        JsonElement greedy = model.Facts.GetProperty("greedy");

        // Where another engine rounds a model's inputs, it also gives what the model says without that.
        bool isRounded = model.Facts.TryGetProperty("dequant_logits_file", out _);
        bool isGelu = span.Config.Layers[0].FeedForward == FeedForwardKind.GeGlu;

        AssertNear(
            LogitRows.Of(
                span,
                Reference.Ids(model.Facts.GetProperty("tokens")),
                KvCacheType.F32,
                context: model.ContextLength),
            model.Logits(model.Facts, "dequant_logits_file", "float_gelu_logits_file", "logits_file"),
            isGelu ? FloatGeluTolerance : FloatLogitTolerance);
        AssertGreedy(
            span,
            Reference.Ids(greedy.GetProperty("prompt_tokens")),
            Reference.Ids(greedy.GetProperty("tokens")),
            Reference.Numbers(greedy.GetProperty("gap")),
            isRounded ? RoundedGap : 0,
            model.ContextLength);
    }

    [TestCaseSource(nameof(Models), new object[] { "quant" })]
    public void Quantized_models_give_the_reference_logits(string path)
    {
        using Reference model = OpenOrIgnore(path);
        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model.File, model.File.Config.AllBlocks, pool);
        float[] logits = LogitRows.Of(span, Reference.Ids(model.Facts.GetProperty("tokens")), KvCacheType.F32);

        if (!model.IsQuantized)
        {
            AssertNear(logits, model.Logits(model.Facts, "dequant_logits_file"), DequantizedTolerance);
            AssertGreedy(
                span,
                Reference.Ids(model.Facts.GetProperty("greedy").GetProperty("prompt_tokens")),
                Reference.Ids(model.Facts.GetProperty("dequant_greedy")),
                Reference.Numbers(model.Facts.GetProperty("dequant_greedy_gap")),
                0.01);
            return;
        }

        float[] expected = model.Logits(model.Facts, "logits_file");
        (double max, double rms) = Difference(logits, expected);
        TestContext.Out.WriteLine($"max {max:G3}, rms {rms:G3}");
        Assert.That(max, Is.LessThanOrEqualTo(QuantizedMaxTolerance));
        Assert.That(rms, Is.LessThanOrEqualTo(QuantizedRmsTolerance));
        int[] best = Reference.Ids(model.Facts.GetProperty("top1"));
        double[] gaps = Reference.Numbers(model.Facts.GetProperty("top1_gap"));
        int vocabulary = span.Config.VocabularySize;

        for (int i = 0; i < best.Length; i++)
        {
            ReadOnlySpan<float> row = logits.AsSpan(i * vocabulary, vocabulary);
            int top = new Sampler(SamplingOptions.Greedy, vocabulary).Sample(row, []);
            Assert.That(top, Is.EqualTo(best[i]).Or.EqualTo(gaps[i] > 1.0 ? best[i] : top), $"position {i}");
        }
    }

    [TestCaseSource(nameof(Models), new object[] { "trained" })]
    public void Trained_models_continue_prompts_and_predict_texts_as_the_reference(string path)
    {
        using Reference model = OpenOrIgnore(path);
        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model.File, model.File.Config.AllBlocks, pool);
        JsonElement excerpt = model.Facts.GetProperty("excerpt");
        int[] tokens = Reference.Ids(excerpt.GetProperty("tokens"));
        float[] logits = LogitRows.Of(span, tokens, KvCacheType.F32);
        double expected = excerpt.GetProperty("perplexity").GetDouble();
        double perplexity = Perplexity(logits, tokens);
        TestContext.Out.WriteLine($"perplexity {perplexity} for {expected}");

        if (model.IsQuantized)
        {
            Assert.That(perplexity / expected, Is.EqualTo(1).Within(QuantizedPerplexityTolerance));
        }
        else
        {
            Assert.That(perplexity / expected, Is.EqualTo(1).Within(1e-4));
            AssertNear(logits, model.Logits(excerpt, "logits_file"), FloatLogitTolerance);
        }

        foreach (JsonElement prompt in model.Facts.GetProperty("prompts").EnumerateArray())
        {
            if (prompt.TryGetProperty("continuation", out JsonElement continuation))
            {
                AssertGreedy(
                    span,
                    Reference.Ids(prompt.GetProperty("tokens")),
                    Reference.Ids(continuation),
                    Reference.Numbers(prompt.GetProperty("gap")),
                    model.IsQuantized ? TrainedQuantizedGap : TrainedGap);
            }
        }
    }

    [Test]
    public void The_kit_holds_something_that_this_program_computes()
    {
        string[] all = [.. Reference.In("arch"), .. Reference.In("quant"), .. Reference.In("trained")];
        List<string> reasons = [];
        int computed = 0;

        foreach (string path in all)
        {
            using var model = Reference.Open(path, out string reason);
            computed += model is null ? 0 : 1;
            reasons.AddRange(model is null ? [$"{Path.GetFileNameWithoutExtension(path)}: {reason}"] : []);
        }

        TestContext.Out.WriteLine($"{computed} of {all.Length} models run; not run:\n{string.Join('\n', reasons)}");
        Assert.That(computed, Is.Positive);
    }

    private static IEnumerable<TestCaseData> Models(string folder)
        => Reference.In(folder).Select(path => new TestCaseData(path)
            .SetName($"Conformance({folder}/{Path.GetFileNameWithoutExtension(path)})"));

    private static Reference OpenOrIgnore(string path)
    {
        var model = Reference.Open(path, out string reason);

        if (model is null)
        {
            Assert.Ignore($"Not run: {reason}");
        }

        return model!;
    }

    private static void AssertNear(float[] logits, float[] expected, double tolerance)
    {
        (double max, double rms) = Difference(logits, expected);
        TestContext.Out.WriteLine($"max {max:G3}, rms {rms:G3}");
        Assert.That(max, Is.LessThanOrEqualTo(tolerance));
    }

    private static (double Max, double Rms) Difference(float[] logits, float[] expected)
    {
        Assert.That(logits, Has.Length.EqualTo(expected.Length));
        double max = 0;
        double squares = 0;

        for (int i = 0; i < logits.Length; i++)
        {
            double off = Math.Abs((double)logits[i] - expected[i]);
            max = Math.Max(max, off);
            squares += off * off;
        }

        return (max, Math.Sqrt(squares / logits.Length));
    }

    // Compares up to the first step that rounding could turn.
    private static void AssertGreedy(ModelSpan span, int[] prompt, int[] expected, double[] gaps, double gapMin, int? context = null)
    {
        int close = Array.FindIndex(gaps, gap => gap < gapMin);
        int steps = close < 0 ? expected.Length : close;
        var options = new GeneratorOptions
        {
            Sampling = SamplingOptions.Greedy,
            TokensMax = steps,
            CacheType = KvCacheType.F32,
            ContextLength = context,
        };

        Assert.That(new Generator(span).Generate(prompt, options), Is.EqualTo(expected.Take(steps)));
    }

    private static double Perplexity(float[] logits, int[] tokens)
    {
        int vocabulary = logits.Length / tokens.Length;
        double sum = 0;

        for (int i = 0; i + 1 < tokens.Length; i++)
        {
            float[] row = logits[(i * vocabulary)..((i + 1) * vocabulary)];
            double max = row.Max();
            sum -= row[tokens[i + 1]] - max - Math.Log(row.Sum(logit => Math.Exp(logit - max)));
        }

        return Math.Exp(sum / (tokens.Length - 1));
    }
}
