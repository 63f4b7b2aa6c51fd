namespace Swarm.Inference.Model;

/// <summary>The tensors of a block's second half.</summary>
internal static class FeedForwardTensors
{
    /// <summary>Norms, feed-forward part, experts.</summary>
    public static void All(BlockSlots slots, LayerSpec layer, long width)
    {
        slots.Norm(layer.FeedForwardNorm, width);

        if (layer.HasPostNorms)
        {
            slots.Norm("post_attention_norm", width);
            slots.Norm("post_ffw_norm", width);
        }

        if (layer.FeedForwardSize > 0)
        {
            Dense(slots, layer, width);
        }

        if (layer.Experts is { } experts)
        {
            Experts(slots, layer, experts, width);
        }

        if (layer.TokenInputSize > 0)
        {
            slots.Add("inp_gate.weight", [width, layer.TokenInputSize]);
            slots.Add("proj.weight", [layer.TokenInputSize, width]);
            slots.Norm("post_norm", width);
        }

        if (layer.HasOutputScale)
        {
            slots.Add("layer_output_scale.weight", [1], optional: true);
        }
    }

    /// <summary>
    /// What the matrices of a feed-forward part are called: of the only one, or of that beside experts.
    /// </summary>
    public static string Suffix(LayerSpec layer) => layer.Experts is null or { IsBeside: true } ? "" : "_shexp";

    private static void Dense(BlockSlots slots, LayerSpec layer, long width)
    {
        string suffix = Suffix(layer);
        bool biases = layer.Biases.HasFlag(BiasKinds.FeedForward);

        if (layer.FeedForward != FeedForwardKind.Gelu && !layer.FusedGate)
        {
            slots.Matrix("ffn_gate" + suffix, width, layer.FeedForwardSize, biases);
        }

        slots.Matrix("ffn_up" + suffix, width, (layer.FusedGate ? 2L : 1L) * layer.FeedForwardSize, biases);
        slots.Matrix("ffn_down" + suffix, layer.FeedForwardSize, width, biases);
    }

    private static void Experts(BlockSlots slots, LayerSpec layer, ExpertSpec experts, long width)
    {
        bool biases = layer.Biases.HasFlag(BiasKinds.FeedForward);
        slots.Matrix("ffn_gate_inp", width, experts.Count, biases);

        if (experts.HasSelectionBias)
        {
            slots.Add("exp_probs_b.bias", [experts.Count]);
        }

        if (experts.FusedGate)
        {
            slots.Matrices("ffn_gate_up_exps", width, 2L * experts.Size, experts.Count, biases);
        }
        else
        {
            slots.Matrices("ffn_gate_exps", width, experts.Size, experts.Count, biases);
            slots.Matrices("ffn_up_exps", width, experts.Size, experts.Count, biases);
        }

        slots.Matrices("ffn_down_exps", experts.Size, width, experts.Count, biases);

        if (experts.IsBeside)
        {
            slots.Add("ffn_gate_inp.scale", [width]);
            slots.Add("ffn_down_exps.scale", [experts.Count], optional: true);
            slots.Norm("pre_ffw_norm_2", width);
            slots.Norm("post_ffw_norm_1", width);
            slots.Norm("post_ffw_norm_2", width);
        }
    }
}
