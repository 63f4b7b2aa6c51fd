using Swarm.Inference.Kernels;

namespace Swarm.Inference.Model.Blueprints;

/// <summary>DeepSeek 2 and 3: latent attention, a few dense blocks, then many small experts and shared ones.</summary>
internal static class DeepSeekBlueprint
{
    // What the model calls its multiplier, converters keep a tenth of.
    private const string Multiplier = "rope.scaling.yarn_log_multiplier";

    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        int blocks = Blueprint.BlockCount(keys);
        int heads = keys.Size("attention.head_count", GgufLimits.WidthMax);
        int dense = keys.Count("leading_dense_block_count", GgufLimits.BlocksMax);
        int[] feedForward = keys.Sizes("feed_forward_length", GgufLimits.WidthMax, blocks);
        int rank = keys.Size("attention.kv_lora_rank", GgufLimits.WidthMax);
        int turned = keys.Size("rope.dimension_count", GgufLimits.WidthMax);
        int keySize = RequireFolded(keys, "attention.key_length_mla");
        int valueSize = RequireFolded(keys, "attention.value_length_mla");
        ExpertSpec? experts = Experts(keys);
        int shared = keys.Count("expert_shared_count", GgufLimits.ExpertsMax);
        RopeSpec rope = RopeReader.Read(keys, RopeKind.Norm, turned);

        if (keys.Contains(Multiplier))
        {
            rope = rope with { Magnitude = keys.Positive("rope.scaling.attn_factor", 1) };
        }

        if (keySize <= turned)
        {
            throw keys.Wrong("attention.key_length_mla", $"{keySize} is not above the {turned} elements that turn.");
        }

        var layer = new LayerSpec
        {
            HeadCount = heads,
            KvHeadCount = 1,
            KeySize = checked(rank + turned),
            ValueSize = rank,
            FeedForwardSize = 0,
            FusedQkv = false,
            FeedForward = FeedForwardKind.SwiGlu,
            Rope = rope,
            Scale = Scale(keys, keySize),
            Latent = new LatentSpec(
                keys.Count("attention.q_lora_rank", GgufLimits.WidthMax), rank, keySize - turned, valueSize),
        };

        return Blueprint.Config(
            keys,
            [
                .. feedForward.Select((size, block) => experts is null || block < dense
                    ? layer with { FeedForwardSize = size }
                    : layer with
                    {
                        FeedForwardSize = checked(shared * experts.Size),
                        Experts = Choose(keys, experts, block),
                    }),
            ]);
    }

    // Whether a bias helps to choose, only the tensors say.
    private static ExpertSpec Choose(HyperParameters keys, ExpertSpec experts, int block)
        => experts with { HasSelectionBias = keys.File.Find($"blk.{block}.exp_probs_b.bias") is not null };

    private static ExpertSpec? Experts(HyperParameters keys)
    {
        if (ExpertReader.Read(keys) is not { } experts)
        {
            return null;
        }

        int groups = Math.Max(1, keys.Count("expert_group_count", experts.Count));
        int used = Math.Max(1, keys.Count("expert_group_used_count", groups));

        return experts.Count % groups == 0 && experts.Used <= experts.Count / groups * used
            ? experts with
            {
                Size = keys.Size("expert_feed_forward_length", GgufLimits.WidthMax),
                GroupCount = groups,
                GroupsUsed = used,
            }
            : throw keys.Wrong("expert_group_count", $"{groups} groups of {experts.Count} experts give no choice.");
    }

    // Files from before keys and values were folded hold other tensors.
    private static int RequireFolded(HyperParameters keys, string key)
        => keys.OptionalSize(key, GgufLimits.WidthMax) ?? throw new UnsupportedModelException(
            keys.Key(key), "the file is from an old converter, which kept keys and values apart; convert it again.");

    private static float Scale(HyperParameters keys, int keySize)
    {
        double flattening = keys.Text("rope.scaling.type") == "yarn"
            ? 1 + (keys.NotNegative(Multiplier, 0) * DoubleMath.Log(keys.Factor("rope.scaling.factor")))
            : 1;
        return (float)(flattening * flattening / Math.Sqrt(keySize));
    }
}
