namespace Swarm.Inference.Model.Blueprints;

/// <summary>Phi 3 and 4: one matrix for queries, keys and values, one for the gate and what it multiplies.</summary>
internal static class Phi3Blueprint
{
    /// <summary>Reads the blueprint; the sliding window some files mention is not used, as elsewhere.</summary>
    public static ModelConfig Read(HyperParameters keys)
        => Blueprint.Config(
            keys,
            [
                .. Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Neox))
                    .Select(layer => layer with { FusedQkv = true, FusedGate = true }),
            ]);
}
