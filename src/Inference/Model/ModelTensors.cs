namespace Swarm.Inference.Model;

/// <summary>The tensors a blueprint needs: they follow from it, whatever the architecture is called.</summary>
internal static class ModelTensors
{
    /// <summary>Divides angles of blocks that see every position.</summary>
    public const string RopeFactors = "rope_freqs.weight";

    /// <summary>Divides angles of sessions within the original context.</summary>
    public const string ShortRopeFactors = "rope_factors_short.weight";

    /// <summary>Divides angles of longer sessions.</summary>
    public const string LongRopeFactors = "rope_factors_long.weight";

    /// <summary>Embeddings of tokens.</summary>
    public const string Embedding = "token_embd.weight";

    /// <summary>Embeddings of positions.</summary>
    public const string Positions = "position_embd.weight";

    /// <summary>Each token's input to every block.</summary>
    public const string TokenInputs = "per_layer_token_embd.weight";

    /// <summary>Gives every block an input from the token's embedding, too.</summary>
    public const string TokenInputProjection = "per_layer_model_proj.weight";

    /// <summary>Brings that to unit size.</summary>
    public const string TokenInputNorm = "per_layer_proj_norm.weight";

    /// <summary>
    /// Whether a file may hold a tensor of this name though no block reads it: tables of angles that models bring and
    /// their metadata says as well, and drafts of further tokens, which change no text.
    /// </summary>
    public static bool IsSpare(string name)
        => name is RopeFactors or ShortRopeFactors or LongRopeFactors
            || name.EndsWith(".attn_rot_embd.weight", StringComparison.Ordinal)
            || name.Contains(".nextn.", StringComparison.Ordinal);

    /// <summary>Every tensor with its shape and place; the head comes last.</summary>
    public static IEnumerable<TensorSlot> Of(ModelConfig config)
        => [.. Around(config), .. Enumerable.Range(0, config.BlockCount).SelectMany(block => Block(config, block)),
            .. Head(config)];

    /// <summary>The matrix of the head.</summary>
    public static string Output(ModelConfig config) => config.TiedOutput ? Embedding : "output.weight";

    private static IEnumerable<TensorSlot> Around(ModelConfig config)
    {
        yield return new(
            Embedding,
            [config.Width, config.VocabularySize],
            config.NeedsTokensEverywhere ? TensorPlace.Everywhere : TensorPlace.Embedding);

        if (config.NeedsTokensEverywhere)
        {
            long all = (long)config.Layers[0].TokenInputSize * config.BlockCount;
            yield return new(TokenInputs, [all, config.VocabularySize], TensorPlace.Slices);
            yield return new(TokenInputProjection, [config.Width, all], TensorPlace.Slices);
            yield return new(TokenInputNorm, [config.Layers[0].TokenInputSize], TensorPlace.Everywhere);
        }

        if (config.HasPositionEmbedding)
        {
            yield return new(Positions, [config.Width, config.ContextLength], TensorPlace.Embedding);
        }

        foreach (RopeSpec rope in config.Layers.Select(layer => layer.Rope).Distinct())
        {
            foreach (string name in Factors(rope))
            {
                yield return new(name, [rope.Dimensions / 2], TensorPlace.Everywhere);
            }
        }
    }

    private static string[] Factors(RopeSpec rope)
        => rope.HasFactors ? [RopeFactors] : rope.ShortContext > 0 ? [ShortRopeFactors, LongRopeFactors] : [];

    private static IEnumerable<TensorSlot> Head(ModelConfig config)
    {
        yield return new($"{config.OutputNorm}.weight", [config.Width], TensorPlace.Head);

        if (config.Norm == NormKind.Layer)
        {
            yield return new($"{config.OutputNorm}.bias", [config.Width], TensorPlace.Head);
        }

        yield return new(Output(config), [config.Width, config.VocabularySize], TensorPlace.Head);
    }

    private static IEnumerable<TensorSlot> Block(ModelConfig config, int block)
    {
        LayerSpec layer = config.Layers[block];
        var slots = new BlockSlots(block, config.Norm);
        slots.Norm("attn_norm", config.Width);

        if (layer.Recurrence is { } recurrence)
        {
            MixerTensors.Recurrent(slots, layer, recurrence, config.Width);
        }
        else if (layer.Latent is { } latent)
        {
            MixerTensors.Latent(slots, layer, latent, config.Width);
        }
        else
        {
            MixerTensors.Attention(slots, layer, config.Width);
        }

        FeedForwardTensors.All(slots, layer, config.Width);
        return slots.All;
    }
}
