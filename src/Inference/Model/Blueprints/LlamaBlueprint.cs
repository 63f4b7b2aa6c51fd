namespace Swarm.Inference.Model.Blueprints;

/// <summary>Llama and all that is built like it: RMS norm, rotary positions, grouped queries, SwiGLU.</summary>
internal static class LlamaBlueprint
{
    /// <summary>Llama, Mistral, and Mixtral with its experts.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        LayerSpec[] layers = Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Norm));

        // Mixtral's experts are as wide as its feed-forward part would be.
        return Blueprint.Config(keys, ExpertReader.Read(keys) is { } experts
            ? [.. layers.Select(layer => layer with
            {
                FeedForwardSize = 0,
                Experts = experts with { Size = layer.FeedForwardSize, Renormalizes = true },
            })]
            : layers);
    }

    /// <summary>SmolLM3: every fourth block knows no positions.</summary>
    public static ModelConfig ReadSmol3(HyperParameters keys)
    {
        const int Period = 4;
        LayerSpec[] layers = Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Norm));
        bool[] turned = HyperParameters.Pattern(Period, layers.Length);
        return Blueprint.Config(
            keys, [.. layers.Select((layer, i) => turned[i] ? layer : layer with { Rope = RopeSpec.None })]);
    }

    /// <summary>Ministral 3: queries grow with their position.</summary>
    public static ModelConfig ReadMistral3(HyperParameters keys)
    {
        ModelConfig config = Read(keys);
        float scale = keys.NotNegative("attention.temperature_scale", 0);

        if (scale == 0)
        {
            return config;
        }

        var temperature = new TemperatureSpec(
            scale,
            keys.OptionalSize("attention.temperature_length", GgufLimits.ContextMax)
                ?? keys.Size("rope.scaling.original_context_length", GgufLimits.ContextMax));
        return config with { Layers = [.. config.Layers.Select(layer => layer with { Temperature = temperature })] };
    }
}
