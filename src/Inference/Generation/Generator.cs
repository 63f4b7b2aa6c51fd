using Swarm.Inference.Forward;
using Swarm.Inference.Sampling;

namespace Swarm.Inference.Generation;

/// <summary>
/// One model in one process, with no network: prompt ids to ids. What a swarm generates must equal this, token for
/// token.
/// </summary>
public sealed class Generator
{
    private readonly ModelSpan _model;

    /// <summary>Generates with a model whose blocks are all loaded.</summary>
    public Generator(ModelSpan model)
    {
        if (model.Blocks != model.Config.AllBlocks)
        {
            throw new ArgumentException($"only blocks {model.Blocks} of {model.Config.AllBlocks} are loaded");
        }

        _model = model;
    }

    /// <summary>Tokens that follow a prompt, each as soon as it is known; an end token is the last one given.</summary>
    /// <param name="prompt">The ids to continue, at least one.</param>
    /// <param name="options">How tokens are chosen, how many, and where to stop.</param>
    /// <param name="cancel">Ends the generation between two tokens.</param>
    /// <exception cref="NotFiniteException">The model's numbers overflow on this text.</exception>
    public IEnumerable<int> Generate(
        IReadOnlyList<int> prompt, GeneratorOptions options, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(prompt.Count);
        int positions = options.ContextLength ?? prompt.Count + options.TokensMax;

        if (_model.Config.HasPositionEmbedding)
        {
            positions = Math.Min(positions, _model.Config.ContextLength);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(prompt.Count, positions);
        return Continue([.. prompt], positions, options, cancel);
    }

    private IEnumerable<int> Continue(
        List<int> ids, int positions, GeneratorOptions options, CancellationToken cancel)
    {
        using KvCache cache = _model.NewCache(_model.Blocks, positions, options.CacheType);
        var sampler = new Sampler(options.Sampling, _model.Config.VocabularySize);
        float[] logits = new float[_model.Config.VocabularySize];
        int prompt = ids.Count;

        while (ids.Count - prompt < options.TokensMax && ids.Count <= positions)
        {
            cancel.ThrowIfCancellationRequested();
            Advance(cache, ids, options.ChunkLength, logits, cancel);
            int id = sampler.Sample(logits, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids));
            ids.Add(id);
            yield return id;

            if (options.EndIds.Contains(id))
            {
                break;
            }
        }
    }

    // Feeds every id that the cache does not hold yet, in chunks.
    private void Advance(KvCache cache, List<int> ids, int chunk, float[] logits, CancellationToken cancel)
    {
        int width = _model.Config.Width;

        while (cache.Length < ids.Count)
        {
            cancel.ThrowIfCancellationRequested();
            int position = cache.Length;
            int[] tokens = [.. ids.Skip(position).Take(chunk)];
            float[] rows = new float[tokens.Length * width];
            _model.Run(
            [
                new StepSlice
                {
                    Cache = cache,
                    Blocks = _model.Blocks,
                    Position = position,
                    Tokens = tokens,
                    Rows = rows,
                },
            ]);

            if (cache.Length == ids.Count)
            {
                _model.Logits(rows.AsSpan(rows.Length - width), logits);
            }
        }
    }
}
