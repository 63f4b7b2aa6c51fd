using Swarm.Inference.Forward;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward;

/// <summary>Runs ids through a model and collects the logits after each of them.</summary>
internal static class LogitRows
{
    /// <summary>All logits, row after row, of ids fed from position 0 in chunks.</summary>
    public static float[] Of(
        ModelSpan model, IReadOnlyList<int> ids, KvCacheType type, int chunk = int.MaxValue, int context = 0)
        => OfStages([model], ids, type, chunk, context);

    /// <summary>The same through several spans that cover the model, each with its own cache.</summary>
    public static float[] OfStages(
        IReadOnlyList<ModelSpan> stages,
        IReadOnlyList<int> ids,
        KvCacheType type,
        int chunk = int.MaxValue,
        int context = 0)
    {
        ModelConfig config = stages[0].Config;
        int positions = Math.Max(ids.Count, context);
        KvCache[] caches = [.. stages.Select(stage => stage.NewCache(stage.Blocks, positions, type))];
        float[] logits = new float[ids.Count * config.VocabularySize];

        for (int position = 0; position < ids.Count; position += Math.Min(chunk, ids.Count - position))
        {
            int[] tokens = [.. ids.Skip(position).Take(chunk)];
            float[] rows = new float[tokens.Length * config.Width];

            for (int i = 0; i < stages.Count; i++)
            {
                stages[i].Run([Slice(stages[i], caches[i], position, tokens, rows)]);
            }

            for (int row = 0; row < tokens.Length; row++)
            {
                stages[^1].Logits(
                    rows.AsSpan(row * config.Width, config.Width),
                    logits.AsSpan((position + row) * config.VocabularySize, config.VocabularySize));
            }
        }

        foreach (KvCache cache in caches)
        {
            cache.Dispose();
        }

        return logits;
    }

    /// <summary>One slice through all blocks of a span.</summary>
    public static StepSlice Slice(ModelSpan span, KvCache cache, int position, int[] tokens, float[] rows)
        => new() { Cache = cache, Blocks = span.Blocks, Position = position, Tokens = tokens, Rows = rows };
}
