namespace Swarm.Inference.Model.Blueprints;

/// <summary>Granite: Llama with its sums and logits scaled.</summary>
internal static class GraniteBlueprint
{
    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        float residual = keys.Factor("residual_scale");
        ModelConfig config = LlamaBlueprint.Read(keys);

        return config with
        {
            EmbeddingScale = keys.Factor("embedding_scale"),
            LogitDivisor = keys.Factor("logit_scale"),
            Layers = [.. config.Layers.Select(layer => layer with { ResidualScale = residual })],
        };
    }
}
