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
        return Continue(prompt, positions, options, cancel);
    }

    // All memory is taken before the first token; none after it.
    private IEnumerable<int> Continue(
        IReadOnlyList<int> prompt, int positions, GeneratorOptions options, CancellationToken cancel)
    {
        using KvCache cache = _model.NewCache(_model.Blocks, positions, options.CacheType);
        var sampler = new Sampler(options.Sampling, _model.Config.VocabularySize);
        float[] logits = new float[_model.Config.VocabularySize];
        int[] ids = new int[positions + 1];
        int count = prompt.Count;
        int end = (int)Math.Min(positions + 1L, (long)count + options.TokensMax);
        StepSlice[] steps = [NewStep(cache, Math.Min(options.ChunkLength, count))];

        for (int i = 0; i < count; i++)
        {
            ids[i] = prompt[i];
        }

        while (count < end)
        {
            cancel.ThrowIfCancellationRequested();
            Advance(steps, ids.AsMemory(0, count), options.ChunkLength, logits, cancel);
            int id = sampler.Sample(logits, ids.AsSpan(0, count));
            ids[count++] = id;
            yield return id;

            if (options.EndIds.Contains(id))
            {
                break;
            }
        }
    }

    private StepSlice NewStep(KvCache cache, int positions) => new()
    {
        Cache = cache,
        Blocks = _model.Blocks,
        Position = 0,
        Tokens = default,
        Rows = new float[positions * _model.Config.Width],
    };

    // Feeds every id that the cache does not hold yet, in chunks.
    private void Advance(
        StepSlice[] steps, ReadOnlyMemory<int> ids, int chunk, float[] logits, CancellationToken cancel)
    {
        int width = _model.Config.Width;
        StepSlice step = steps[0];
        Memory<float> rows = step.Rows;

        while (step.Cache.Length < ids.Length)
        {
            cancel.ThrowIfCancellationRequested();
            step.Position = step.Cache.Length;
            step.Tokens = ids.Slice(step.Position, Math.Min(chunk, ids.Length - step.Position));
            step.Rows = rows[..(step.Tokens.Length * width)];
            _model.Run(steps);
        }

        _model.Logits(step.Rows.Span[^width..], logits);
        step.Rows = rows;
    }
}
