using Swarm.Inference.Forward;

namespace Swarm.Inference.Generation;

/// <summary>What a model thinks of a text: the probability it gives each token after those before it.</summary>
public sealed class TextScorer
{
    // Logits in memory at once: some megabytes at the largest vocabularies.
    private const int RowsMax = 16;

    private readonly ModelSpan _model;
    private readonly KvCacheType _cacheType;

    /// <summary>Scores with a model whose blocks are all loaded.</summary>
    public TextScorer(ModelSpan model, KvCacheType cacheType)
    {
        if (model.Blocks != model.Config.AllBlocks)
        {
            throw new ArgumentException($"only blocks {model.Blocks} of {model.Config.AllBlocks} are loaded");
        }

        _model = model;
        _cacheType = cacheType;
    }

    /// <summary>ln p of each token from index <paramref name="first"/> + 1 on, after all tokens before it.</summary>
    /// <param name="ids">The text, from position 0.</param>
    /// <param name="first">The first position whose prediction counts.</param>
    /// <exception cref="NotFiniteException">The model's numbers overflow on this text.</exception>
    public double[] LogProbabilities(ReadOnlyMemory<int> ids, int first)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, ids.Length - 1);
        int width = _model.Config.Width;
        int vocabulary = _model.Config.VocabularySize;
        float[] rows = new float[ids.Length * width];
        using KvCache cache = _model.NewCache(_model.Blocks, ids.Length, _cacheType);
        _model.Run(
        [
            new StepSlice { Cache = cache, Blocks = _model.Blocks, Position = 0, Tokens = ids, Rows = rows },
        ]);
        double[] found = new double[ids.Length - 1 - first];
        float[] logits = new float[RowsMax * vocabulary];
        bool[] finite = new bool[RowsMax];

        for (int at = 0; at < found.Length; at += RowsMax)
        {
            int count = Math.Min(RowsMax, found.Length - at);
            _model.Logits(
                rows.AsSpan((first + at) * width, count * width),
                logits.AsSpan(0, count * vocabulary),
                finite.AsSpan(0, count));

            for (int i = 0; i < count; i++)
            {
                found[at + i] = finite[i]
                    ? LogProbability(logits.AsSpan(i * vocabulary, vocabulary), ids.Span[first + at + i + 1])
                    : throw new NotFiniteException(_model.Config.BlockCount, first + at + i);
            }
        }

        return found;
    }

    private static double LogProbability(ReadOnlySpan<float> logits, int id)
    {
        float largest = logits[0];

        foreach (float logit in logits)
        {
            largest = Math.Max(largest, logit);
        }

        double sum = 0;

        foreach (float logit in logits)
        {
            sum += Math.Exp((double)logit - largest);
        }

        return logits[id] - largest - Math.Log(sum);
    }
}
