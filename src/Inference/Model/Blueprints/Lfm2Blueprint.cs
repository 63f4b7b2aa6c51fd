namespace Swarm.Inference.Model.Blueprints;

/// <summary>LFM2: short convolutions between blocks of attention.</summary>
internal static class Lfm2Blueprint
{
    /// <summary>Reads the blueprint: blocks without heads of keys are convolutions.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        int width = Blueprint.Width(keys);
        int taps = keys.Size("shortconv.l_cache", GgufLimits.TapsMax);
        var convolution = new RecurrenceSpec(taps, 0, 0, 0, 0, width);

        return Blueprint.Config(
            keys,
            [
                .. Blueprint.Layers(keys, RopeKind.Neox).Select(layer => layer.KvHeadCount > 0
                    ? layer with { HasQkNorm = true }
                    : layer with
                    {
                        Mixer = MixerKind.ShortConvolution,
                        Recurrence = convolution,
                        Rope = RopeSpec.None,
                    }),
            ]) with
        {
            OutputNorm = "token_embd_norm",
        };
    }
}
