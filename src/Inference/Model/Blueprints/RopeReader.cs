using Swarm.Inference.Kernels;

namespace Swarm.Inference.Model.Blueprints;

/// <summary>Reads how positions turn queries and keys.</summary>
internal static class RopeReader
{
    private const string Supported = "supported are none, linear, yarn, longrope";

    /// <summary>The model's rule for blocks that see every position.</summary>
    public static RopeSpec Read(HyperParameters keys, RopeKind kind, int keySize)
    {
        int dimensions = Dimensions(keys, "rope.dimension_count", keySize);
        string scaling = keys.Text("rope.scaling.type") ?? "linear";
        string factorKey = keys.Contains("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
        float factor = scaling is "none" ? 1 : keys.Factor(factorKey);

        if (scaling is not ("none" or "linear" or "yarn" or "longrope"))
        {
            throw new UnsupportedModelException(
                keys.Key("rope.scaling.type"), $"'{scaling}' is not supported; {Supported}.");
        }

        bool isYarn = scaling == "yarn";
        float attention = keys.Positive("rope.scaling.attn_factor", 1);

        return new RopeSpec(
            kind,
            dimensions,
            keys.Positive("rope.freq_base", 10_000),
            1 / factor,
            keys.File.Find("rope_freqs.weight") is not null)
        {
            Yarn = isYarn ? Yarn(keys) : null,
            ShortContext = ShortContext(keys),
            Magnitude = isYarn ? attention * YarnMagnitude(keys, factor) : attention,
        };
    }

    /// <summary>How many elements turn: written down, or all.</summary>
    public static int Dimensions(HyperParameters keys, string key, int keySize)
    {
        int dimensions = keys.OptionalSize(key, keySize) ?? keySize;

        return dimensions % 2 == 0
            ? dimensions
            : throw keys.Wrong(key, $"{dimensions} is odd; pairs are turned.");
    }

    /// <summary>1 + 0.1 · weight · ln(factor): by how much a stretched context flattens attention.</summary>
    public static float Flattening(float factor, float weight)
        => factor <= 1 ? 1 : (float)(1 + (0.1 * weight * DoubleMath.Log(factor)));

    private static YarnSpec Yarn(HyperParameters keys) => new(
        OriginalContext(keys),
        keys.Positive("rope.scaling.yarn_beta_fast", 32),
        keys.Positive("rope.scaling.yarn_beta_slow", 1),
        keys.NotNegative("rope.scaling.yarn_ext_factor", 1));

    // Models that flatten all of a score, and not only what is turned, say by how much.
    private static float YarnMagnitude(HyperParameters keys, float factor)
        => Flattening(factor, 1) / Flattening(factor, keys.NotNegative("rope.scaling.yarn_log_multiplier", 0));

    private static int OriginalContext(HyperParameters keys)
        => keys.OptionalSize("rope.scaling.original_context_length", GgufLimits.ContextMax)
            ?? keys.Size("context_length", GgufLimits.ContextMax);

    private static int ShortContext(HyperParameters keys)
        => keys.File.Find("rope_factors_long.weight") is null ? 0 : OriginalContext(keys);
}
