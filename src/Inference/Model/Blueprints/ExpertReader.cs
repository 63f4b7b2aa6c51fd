namespace Swarm.Inference.Model.Blueprints;

/// <summary>Reads what a mixture of experts is made of.</summary>
internal static class ExpertReader
{
    /// <summary>The experts, their size where the file has one of its own; null for a model without.</summary>
    public static ExpertSpec? Read(HyperParameters keys)
    {
        int count = keys.Count("expert_count", GgufLimits.ExpertsMax);

        if (count == 0)
        {
            return null;
        }

        int gating = keys.Count("expert_gating_func", int.MaxValue);

        if (gating > (int)ExpertGating.SoftmaxOfChosen)
        {
            throw new UnsupportedModelException(
                keys.Key("expert_gating_func"), $"{gating} is not supported; supported are 1, 2, 3.");
        }

        return new ExpertSpec
        {
            Count = count,
            Used = keys.Size("expert_used_count", count),
            Size = keys.OptionalSize("expert_feed_forward_length", GgufLimits.WidthMax) ?? 0,
            Gating = gating == 0 ? ExpertGating.Softmax : (ExpertGating)gating,
            Renormalizes = keys.Flag("expert_weights_norm"),
            WeightScale = keys.Factor("expert_weights_scale"),
        };
    }

    /// <summary>The experts of an architecture that is nothing without them.</summary>
    public static ExpertSpec Require(HyperParameters keys)
        => Read(keys) ?? throw keys.Wrong("expert_count", "the file does not hold this key; convert the model again.");

    /// <summary>Width between the halves of one: written down, or what the feed-forward part would have.</summary>
    public static ExpertSpec OrSize(this ExpertSpec experts, int feedForward)
        => experts.Size > 0 ? experts : experts with { Size = feedForward };
}
