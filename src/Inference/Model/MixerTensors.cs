namespace Swarm.Inference.Model;

/// <summary>The tensors of the part of a block that mixes positions.</summary>
internal static class MixerTensors
{
    /// <summary>Those of attention, up to the norm after it.</summary>
    public static void Attention(BlockSlots slots, LayerSpec layer, long width)
    {
        long queries = (long)layer.HeadCount * (layer.KeySize + (layer.HasQueryGate ? layer.ValueSize : 0));
        long keys = (long)layer.KvHeadCount * layer.KeySize;
        long values = (long)layer.KvHeadCount * layer.ValueSize;
        bool biases = layer.Biases.HasFlag(BiasKinds.Qkv);

        if (layer.FusedQkv)
        {
            slots.Matrix("attn_qkv", width, queries + keys + values, biases);
        }
        else
        {
            slots.Matrix("attn_q", width, queries, biases);

            if (layer.HasKv)
            {
                slots.Matrix("attn_k", width, keys, biases);
            }

            if (layer.HasKv && !layer.ValueIsKey)
            {
                slots.Matrix("attn_v", width, values, biases);
            }
        }

        if (layer.HasQkNorm)
        {
            slots.Add("attn_q_norm.weight", [layer.KeySize]);

            if (layer.HasKv)
            {
                slots.Add("attn_k_norm.weight", [layer.KeySize]);
            }
        }

        if (layer.HasSinks)
        {
            slots.Add("attn_sinks.weight", [layer.HeadCount]);
        }

        slots.Matrix(
            "attn_output", (long)layer.HeadCount * layer.ValueSize, width, layer.Biases.HasFlag(BiasKinds.Output));
    }

    /// <summary>Those of latent attention.</summary>
    public static void Latent(BlockSlots slots, LayerSpec layer, LatentSpec latent, long width)
    {
        long turned = layer.KeySize - latent.Rank;
        long queries = layer.HeadCount * (latent.PlainSize + turned);

        if (latent.QueryRank > 0)
        {
            slots.Add("attn_q_a.weight", [width, latent.QueryRank]);
            slots.Add("attn_q_a_norm.weight", [latent.QueryRank]);
            slots.Add("attn_q_b.weight", [latent.QueryRank, queries]);
        }
        else
        {
            slots.Add("attn_q.weight", [width, queries]);
        }

        slots.Add("attn_kv_a_mqa.weight", [width, latent.Rank + turned]);
        slots.Add("attn_kv_a_norm.weight", [latent.Rank]);
        slots.Add("attn_k_b.weight", [latent.PlainSize, latent.Rank, layer.HeadCount]);
        slots.Add("attn_v_b.weight", [latent.Rank, latent.ValueSize, layer.HeadCount]);
        slots.Add("attn_output.weight", [(long)layer.HeadCount * latent.ValueSize, width]);
    }

    /// <summary>Those of a recurrent block.</summary>
    public static void Recurrent(BlockSlots slots, LayerSpec layer, RecurrenceSpec spec, long width)
    {
        if (layer.Mixer == MixerKind.ShortConvolution)
        {
            slots.Add("shortconv.conv.weight", [spec.Taps, spec.Channels]);
            slots.Add("shortconv.in_proj.weight", [width, 3L * spec.Channels]);
            slots.Add("shortconv.out_proj.weight", [spec.Channels, width]);
            return;
        }

        long values = (long)spec.ValueHeads * spec.ValueSize;
        slots.Add("attn_qkv.weight", [width, spec.Channels]);
        slots.Add("attn_gate.weight", [width, values]);
        slots.Add("ssm_conv1d.weight", [spec.Taps, spec.Channels]);
        slots.Add("ssm_dt.bias", [spec.ValueHeads]);
        slots.Add("ssm_a", [spec.ValueHeads]);
        slots.Add("ssm_beta.weight", [width, spec.ValueHeads]);
        slots.Add("ssm_alpha.weight", [width, spec.ValueHeads]);
        slots.Add("ssm_norm.weight", [spec.ValueSize]);
        slots.Add("ssm_out.weight", [values, width]);
    }
}
