using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>
/// A random small model of every architecture, with odd sizes, written as a real file: what the file must hold follows
/// from the blueprint that its metadata gives.
/// </summary>
internal static class SmallModels
{
    private const int Vocabulary = 67;
    private const int Width = 48;
    private const int Context = 400;

    private static readonly Dictionary<string, SmallModel> Known = new SmallModel[]
    {
        new("llama", Llama(), ["rope_freqs.weight:8"]),
        new("llama with biases", Llama(), ["blk.1.attn_q.bias:48", "blk.2.ffn_up.bias:80", "output.weight:48x67"]),
        new("llama with experts and yarn", [.. Llama(), .. Yarn, ("expert_count", 5), ("expert_used_count", 2)], []),
        new("llama with linear scaling", [.. Llama(), ("rope.scaling.factor", 4f)], []),
        new("gpt2", [("attention.layer_norm_epsilon", 1e-5f), .. Common(heads: 3)], []),
        new("qwen2", [.. Llama(), .. Yarn], []),
        new("qwen3", [.. Llama(), .. Heads(24)], ["output.weight:48x67"]),
        new("qwen3moe", [.. Llama(), .. Heads(24), .. Experts(7, 3, 40)], []),
        new("gemma2", [.. Llama(), .. Heads(20), ("attention.sliding_window", 9)], []),
        new("gemma3", [.. Llama(), .. Heads(20), ("attention.sliding_window", 7),
            ("attention.sliding_window_pattern", 3), ("rope.scaling.factor", 8f)], []),
        new("phi3", [.. Llama(), ("rope.dimension_count", 12), ("rope.scaling.original_context_length", 20),
            ("rope.scaling.attn_factor", 1.2f)], ["rope_factors_long.weight:6", "rope_factors_short.weight:6"]),
        new("gpt-oss", [.. Llama(), .. Yarn, .. Experts(5, 2, 40), ("attention.sliding_window", 11)], []),
        new("granite", [.. Llama(), ("embedding_scale", 3f), ("residual_scale", 0.5f), ("attention.scale", 0.1f),
            ("logit_scale", 1.5f)], []),
        new("smollm3", Llama(), []),
        new("mistral3", [.. Llama(), .. Yarn, ("rope.scaling.yarn_log_multiplier", 1f),
            ("attention.temperature_scale", 0.2f)], []),
        new("gemma4", [.. Gemma4, ("attention.shared_kv_layers", 2), ("embedding_length_per_layer_input", 12)],
            ["rope_freqs.weight:12", .. Values(2), "blk.1.layer_output_scale.weight:1"]),
        new("gemma4 with experts", [.. Gemma4, .. Experts(5, 2, 40)],
            [.. Values(1), .. Routers(), "blk.1.ffn_gate_up_exps.weight:48x80x5", "blk.1.ffn_down_exps.scale:5"]),
        new("lfm2", [.. Llama(), ("attention.head_count_kv", new[] { 0, 1, 0, 1 }), ("shortconv.l_cache", 3)], []),
        new("qwen35", [.. Llama(), ("ssm.conv_kernel", 4), ("ssm.inner_size", 72), ("ssm.state_size", 12),
            ("ssm.time_step_rank", 4), ("ssm.group_count", 2), ("full_attention_interval", 2),
            ("rope.dimension_count", 12)], []),
        new("deepseek2", [.. Latent, .. Yarn, ("rope.scaling.yarn_log_multiplier", 0.07f),
            ("attention.q_lora_rank", 20)], ["blk.2.exp_probs_b.bias:6"]),
        new("deepseek2 with groups", [.. Latent, ("expert_group_count", 3), ("expert_group_used_count", 2)], []),
    }.ToDictionary(model => model.Name);

    /// <summary>What they are called.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    private static (string, object)[] Yarn =>
    [
        ("rope.scaling.type", "yarn"), ("rope.scaling.factor", 8f), ("rope.scaling.original_context_length", 16),
    ];

    private static (string, object)[] Gemma4 =>
    [
        .. Llama(), .. Heads(24), ("attention.key_length_swa", 12), ("attention.value_length_swa", 12),
        ("attention.sliding_window", 9), ("attention.sliding_window_pattern", new[] { true, false, true, false }),
        ("final_logit_softcapping", 20f),
    ];

    private static (string, object)[] Latent =>
    [
        .. Llama(), ("attention.kv_lora_rank", 28), ("attention.key_length_mla", 18),
        ("attention.value_length_mla", 10), ("rope.dimension_count", 6), ("leading_dense_block_count", 1),
        .. Experts(6, 2, 40), ("expert_shared_count", 1),
        ("expert_gating_func", 2), ("expert_weights_norm", true), ("expert_weights_scale", 1.5f),
    ];

    /// <summary>A model's file; matrices whose rows allow it are stored as <paramref name="type"/>.</summary>
    public static ModelFile Open(string name, GgmlType type)
    {
        string path = Path.Combine(Path.GetTempPath(), $"swarm-small-{Guid.NewGuid():N}.gguf");
        Known[name].Write(path, type, Vocabulary, Width);

        try
        {
            return ModelFile.Open(path);
        }
        finally
        {
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path);
            }
        }
    }

    private static (string, object)[] Common(int heads) =>
    [
        ("context_length", Context), ("embedding_length", Width), ("block_count", 4), ("feed_forward_length", 80),
        ("attention.head_count", heads),
    ];

    private static (string, object)[] Llama() =>
    [
        .. Common(heads: 3), ("attention.head_count_kv", 1), ("attention.layer_norm_rms_epsilon", 1e-5f),
    ];

    private static (string, object)[] Heads(int size)
        => [("attention.key_length", size), ("attention.value_length", size)];

    private static (string, object)[] Experts(int count, int used, int size) =>
    [
        ("expert_count", count), ("expert_used_count", used), ("expert_feed_forward_length", size),
    ];

    private static string[] Values(int blocks) =>
    [
        .. Enumerable.Range(0, blocks).Select(block => $"blk.{block}.attn_v.weight:48x{(block % 2 == 0 ? 12 : 24)}"),
    ];

    private static string[] Routers()
        => [.. Enumerable.Range(0, 4).Select(block => $"blk.{block}.ffn_gate_inp.weight:48x5")];
}
