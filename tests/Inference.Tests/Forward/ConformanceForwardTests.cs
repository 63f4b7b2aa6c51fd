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
    private const double QuantizedRmsTolerance = 0.15;
    private const double QuantizedMaxTolerance = 1.0;
    private const double ArchitectureQuantizedMaxTolerance = 0.2;
    private const double TrainedGap = 1e-4;
    private const double TrainedQuantizedGap = 0.8;
    private const double TrainedQuantizedMaxTolerance = 0.4;
    private const double TrainedQuantizedRmsTolerance = 0.06;
    private const double QuantizedPerplexityTolerance = 0.005;

    [TestCaseSource(nameof(FloatModels))]
    public void Random_models_give_the_reference_logits_and_greedy_ids(string path)
    {
        using Reference model = OpenOrIgnore(path);
        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model.File, model.File.Config.AllBlocks, pool);
        JsonElement greedy = model.Facts.GetProperty("greedy");
        bool isGelu = span.Config.Layers[0].FeedForward == FeedForwardKind.GeGlu;

        AssertNear(
            LogitRows.Of(
                span,
                Reference.Ids(model.Facts.GetProperty("tokens")),
                KvCacheType.F32,
                context: model.ContextLength),
            model.Logits(model.Facts, "float_gelu_logits_file", "logits_file"),
            isGelu ? FloatGeluTolerance : FloatLogitTolerance);
        AssertGreedy(
            span,
            Reference.Ids(greedy.GetProperty("prompt_tokens")),
            Reference.Ids(greedy.GetProperty("tokens")),
            Reference.Numbers(greedy.GetProperty("gap")),
            0,
            model.ContextLength);
    }

    [TestCaseSource(nameof(StoredModels))]
    public void Models_with_their_weights_decoded_to_floats_give_the_exact_logits_and_greedy_ids(string path)
    {
        using Reference model = OpenedOrIgnored(Reference.OpenDecoded(path, out string reason), reason);
        Assert.That(model.IsQuantized, Is.False);
        AssertAsDecoded(model);
    }

    [TestCaseSource(nameof(StoredModels))]
    public void Models_as_they_are_stored_give_the_reference_logits(string path)
    {
        using Reference model = OpenOrIgnore(path);

        if (!model.IsQuantized)
        {
            AssertAsDecoded(model);
            return;
        }

        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model.File, model.File.Config.AllBlocks, pool);
        float[] logits = LogitRows.Of(span, Reference.Ids(model.Facts.GetProperty("tokens")), KvCacheType.F32);
        float[] expected = model.Logits(model.Facts, "logits_file");
        (double max, double rms) = Difference(logits, expected);
        (double maxDecoded, double rmsDecoded)
            = Difference(logits, model.Logits(model.Facts, "dequant_logits_file"));
        TestContext.Out.WriteLine($"max {max:G3}, rms {rms:G3}; to decoded weights {maxDecoded:G3}, {rmsDecoded:G3}");

        if (Path.GetFileName(Path.GetDirectoryName(path)) == "arch")
        {
            Assert.That(max, Is.LessThanOrEqualTo(ArchitectureQuantizedMaxTolerance));
        }

        Assert.That(Math.Min(max, maxDecoded), Is.LessThanOrEqualTo(QuantizedMaxTolerance));
        Assert.That(Math.Min(rms, rmsDecoded), Is.LessThanOrEqualTo(QuantizedRmsTolerance));
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
        double[] expected = Reference.Numbers(excerpt.GetProperty("logprob_of_next"));
        double[] found = new TextScorer(span, KvCacheType.F32).LogProbabilities(tokens, 0);
        AssertPerplexity(found, expected, model.IsQuantized);
        AssertPerplexity(found[(tokens.Length / 2)..], expected[(tokens.Length / 2)..], model.IsQuantized);

        if (!model.IsQuantized)
        {
            Assert.That(Of(found).Value, Is.EqualTo(excerpt.GetProperty("perplexity").GetDouble()).Within(1e-4).Percent);
            Assert.That(found.Zip(expected, (own, other) => Math.Abs(own - other)).Max(), Is.LessThan(1e-4));
        }

        (double max, double rms) = Difference(logits, model.Logits(excerpt, "logits_file"));
        TestContext.Out.WriteLine($"logits: max {max:G3}, rms {rms:G3}");
        Assert.That(max, Is.LessThanOrEqualTo(model.IsQuantized ? TrainedQuantizedMaxTolerance : FloatLogitTolerance));
        Assert.That(rms, Is.LessThanOrEqualTo(model.IsQuantized ? TrainedQuantizedRmsTolerance : FloatLogitTolerance));

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

    // Models that the reference computed with floats only, and those whose stored weights it computed as they are, too.
    private static IEnumerable<TestCaseData> FloatModels()
        => Models("arch").Where(model => !Reference.HasDecodedLogits((string)model.Arguments[0]!));

    private static IEnumerable<TestCaseData> StoredModels()
        => Models("quant").Concat(Models("arch"))
            .Where(model => Reference.HasDecodedLogits((string)model.Arguments[0]!));

    private static void AssertAsDecoded(Reference model)
    {
        using var pool = new ComputePool(2);
        using var span = ModelSpan.Load(model.File, model.File.Config.AllBlocks, pool);
        AssertNear(
            LogitRows.Of(span, Reference.Ids(model.Facts.GetProperty("tokens")), KvCacheType.F32),
            model.Logits(model.Facts, "dequant_logits_file"),
            DequantizedTolerance);

        if (model.Facts.TryGetProperty("dequant_greedy", out JsonElement greedy))
        {
            AssertGreedy(
                span,
                Reference.Ids(model.Facts.GetProperty("greedy").GetProperty("prompt_tokens")),
                Reference.Ids(greedy),
                Reference.Numbers(model.Facts.GetProperty("dequant_greedy_gap")),
                0.01);
        }
    }

    private static Reference OpenOrIgnore(string path)
        => OpenedOrIgnored(Reference.Open(path, out string reason), reason);

    private static Reference OpenedOrIgnored(Reference? model, string reason)
    {
        if (model is null)
        {
            Assert.Ignore($"Not run: {reason}");
        }

        return model!;
    }

    private static void AssertNear(float[] logits, float[] expected, double tolerance)
    {
        (double max, double rms) = Difference(logits, expected);
        TestContext.Out.WriteLine($"{TestContext.CurrentContext.Test.Name}: max {max:G3}, rms {rms:G3}");
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
    private static void AssertGreedy(
        ModelSpan span, int[] prompt, int[] expected, double[] gaps, double gapMin, int? context = null)
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

    private static void AssertPerplexity(double[] found, double[] expected, bool quantized)
    {
        Perplexity own = Of(found);
        Perplexity other = Of(expected);
        TestContext.Out.WriteLine($"perplexity {own.Value} ± {own.Error} for {other.Value} ± {other.Error}");
        Assert.That(
            own.Value / other.Value, Is.EqualTo(1).Within(quantized ? QuantizedPerplexityTolerance : 1e-4));
    }

    private static Perplexity Of(double[] logProbabilities)
        => logProbabilities.Aggregate(default(Perplexity), (sum, next) => sum.With(next));
}
