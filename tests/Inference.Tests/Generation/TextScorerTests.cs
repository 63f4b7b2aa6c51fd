using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Model;
using Swarm.Inference.Tests.Forward;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Generation;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class TextScorerTests
{
    [Test]
    public void A_token_has_the_probability_that_its_logits_give_it()
    {
        using ModelFile file = TinyModel.Open();
        using var pool = new ComputePool(1);
        using var model = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => i * 7 % 300)];
        float[] logits = LogitRows.Of(model, ids, KvCacheType.F32);
        int vocabulary = model.Config.VocabularySize;
        double[] found = new TextScorer(model, KvCacheType.F32).LogProbabilities(ids, 5);

        Assert.That(found, Has.Length.EqualTo(ids.Length - 1 - 5));

        for (int i = 0; i < found.Length; i++)
        {
            double[] row = [.. logits.Skip((i + 5) * vocabulary).Take(vocabulary).Select(logit => Math.Exp(logit))];
            Assert.That(Math.Exp(found[i]), Is.EqualTo(row[ids[i + 6]] / row.Sum()).Within(1e-7));
        }
    }

    [Test]
    public void Perplexity_is_the_size_of_an_even_choice_and_has_no_error()
    {
        Perplexity even = Enumerable.Repeat(-Math.Log(8), 20).Aggregate(default(Perplexity), (sum, p) => sum.With(p));
        Assert.That(even.Value, Is.EqualTo(8).Within(1e-9));
        Assert.That(even.Error, Is.EqualTo(0).Within(1e-5));
        Assert.That(even.With(-1).Error, Is.Positive);
    }
}
