namespace Swarm.Inference.Model.Blueprints;

/// <summary>Qwen 3.5: three blocks of the gated delta rule, then one of gated attention.</summary>
internal static class Qwen35Blueprint
{
    private const int IntervalDefault = 4;

    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        LayerSpec[] layers = Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Neox));
        int interval = keys.OptionalSize("full_attention_interval", GgufLimits.BlocksMax) ?? IntervalDefault;
        bool[] recurrent = keys.OptionalPattern("attention.recurrent_layers", layers.Length)
            ?? HyperParameters.Pattern(interval, layers.Length);
        RecurrenceSpec recurrence = Recurrence(keys);

        return Blueprint.Config(
            keys,
            [
                .. layers.Select((layer, i) => recurrent[i]
                    ? layer with
                    {
                        Mixer = MixerKind.DeltaNet,
                        KvHeadCount = 0,
                        Recurrence = recurrence,
                        Rope = RopeSpec.None,
                        FeedForwardNorm = "post_attention_norm",
                    }
                    : layer with
                    {
                        HasQkNorm = true,
                        HasQueryGate = true,
                        FeedForwardNorm = "post_attention_norm",
                    }),
            ]);
    }

    private static RecurrenceSpec Recurrence(HyperParameters keys)
    {
        int keyHeads = keys.Size("ssm.group_count", GgufLimits.WidthMax);
        int valueHeads = keys.Size("ssm.time_step_rank", GgufLimits.WidthMax);
        int keySize = keys.Size("ssm.state_size", GgufLimits.StateMax);
        int inner = keys.Size("ssm.inner_size", GgufLimits.WidthMax);

        if (inner % valueHeads != 0 || inner / valueHeads > GgufLimits.StateMax)
        {
            throw keys.Wrong("ssm.inner_size", $"{valueHeads} heads cannot share {inner} values.");
        }

        return valueHeads % keyHeads == 0
            ? new RecurrenceSpec(
                keys.Size("ssm.conv_kernel", GgufLimits.TapsMax),
                keyHeads,
                valueHeads,
                keySize,
                inner / valueHeads,
                checked((2 * keyHeads * keySize) + inner))
            : throw keys.Wrong("ssm.group_count", $"{keyHeads} heads of keys do not divide {valueHeads} of values.");
    }
}
