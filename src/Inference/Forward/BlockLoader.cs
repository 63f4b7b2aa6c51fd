using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>Reads one block's tensors as its description says.</summary>
internal sealed class BlockLoader(WeightLoader loader, ModelConfig config, int block, RotaryTables rotary)
{
    private readonly string _prefix = $"blk.{block}.";
    private readonly LayerSpec _spec = config.Layers[block];

    public BlockWeights Load()
    {
        (Rotary? turned, int offset) = rotary.Of(_spec.Rope);

        return new BlockWeights(_spec, Norm("attn_norm"), Norm(_spec.FeedForwardNorm))
        {
            Inputs = Inputs(),
            Latent = _spec.Latent is { } latent ? Latent(latent) : null,
            Output = Project(OutputName()),
            Recurrence = _spec.Recurrence is null ? null : Recurrence(),
            Rotary = turned,
            RotaryOffset = offset,
            Sinks = _spec.HasSinks ? loader.Vector(_prefix + "attn_sinks.weight") : null,
            QueryNorm = _spec.HasQkNorm ? HeadNorm("attn_q_norm") : null,
            KeyNorm = _spec.HasQkNorm && _spec.HasKv ? HeadNorm("attn_k_norm") : null,
            ValueNorm = _spec.HasValueNorm && _spec.HasKv
                ? new NormWeights(NormKind.Rms, config.NormEpsilon, loader.Ones(_spec.ValueSize), null)
                : null,
            PostMixerNorm = _spec.HasPostNorms ? Norm("post_attention_norm") : null,
            PostFeedForwardNorm = _spec.HasPostNorms ? Norm("post_ffw_norm") : null,
            FeedForward = _spec.FeedForwardSize > 0 ? FeedForward() : null,
            TokenInput = _spec.TokenInputSize > 0
                ? new BlockInputWeights(Project("inp_gate"), Project("proj"), Norm("post_norm"))
                : null,
            OutputScale = OutputScale(),
            Experts = _spec.Experts is { } experts ? Experts(experts) : null,
        };
    }

    private Projection[] Inputs()
        => _spec.Mixer == MixerKind.ShortConvolution ? [Project("shortconv.in_proj")]
            : _spec.Mixer == MixerKind.DeltaNet
                ? [Project("attn_qkv"), Project("attn_gate"), Project("ssm_beta"), Project("ssm_alpha")]
            : _spec.Latent is not null ? []
            : _spec.HasQueryGate ? GatedInputs()
            : _spec.FusedQkv ? [Project("attn_qkv")]
            : !_spec.HasKv ? [Project("attn_q")]
            : _spec.ValueIsKey ? [Project("attn_q"), Project("attn_k")]
            : [Project("attn_q"), Project("attn_k"), Project("attn_v")];

    // Each head's rows of queries are followed by its rows of gates; taken apart, gates come last.
    private Projection[] GatedInputs()
    {
        GgufTensor tensor = loader.Require(_prefix + "attn_q.weight");
        (int keySize, int valueSize) = (_spec.KeySize, _spec.ValueSize);
        int stride = keySize + valueSize;
        var queries = new RowPick(0, _spec.HeadCount * keySize, keySize, stride);
        var gates = new RowPick(keySize, _spec.HeadCount * valueSize, valueSize, stride);

        return
        [
            new(loader.Rows(tensor, queries), null),
            Project("attn_k"),
            Project("attn_v"),
            new(loader.Rows(tensor, gates), null),
        ];
    }

    private string OutputName() => _spec.Mixer switch
    {
        MixerKind.ShortConvolution => "shortconv.out_proj",
        MixerKind.DeltaNet => "ssm_out",
        _ => "attn_output",
    };

    private RecurrenceWeights Recurrence()
        => _spec.Mixer == MixerKind.ShortConvolution
            ? new RecurrenceWeights(loader.Transposed(_prefix + "shortconv.conv.weight"))
            : new RecurrenceWeights(loader.Transposed(_prefix + "ssm_conv1d.weight"))
            {
                Fading = loader.Vector(_prefix + "ssm_a"),
                StepBias = loader.Vector(_prefix + "ssm_dt.bias"),
                Norm = HeadNorm("ssm_norm"),
            };

    private unsafe float OutputScale()
        => _spec.HasOutputScale && loader.Vector(_prefix + "layer_output_scale.weight") is { } scale
            ? scale.Floats[0]
            : 1;

    private LatentWeights Latent(LatentSpec latent) => new(
        latent.QueryRank > 0 ? Project("attn_q_a") : null,
        latent.QueryRank > 0 ? HeadNorm("attn_q_a_norm") : null,
        Project(latent.QueryRank > 0 ? "attn_q_b" : "attn_q"),
        Project("attn_kv_a_mqa"),
        HeadNorm("attn_kv_a_norm"),
        Each("attn_k_b", _spec.HeadCount),
        Each("attn_v_b", _spec.HeadCount));

    private FeedForwardWeights FeedForward()
    {
        string suffix = FeedForwardTensors.Suffix(_spec);
        bool hasGate = _spec.FeedForward != FeedForwardKind.Gelu && !_spec.FusedGate;

        return new FeedForwardWeights(
            hasGate ? Project("ffn_gate" + suffix) : null, Project("ffn_up" + suffix), Project("ffn_down" + suffix));
    }

    private ExpertWeights Experts(ExpertSpec spec)
    {
        Projection[] downs = Each("ffn_down_exps", spec.Count);
        Projection[] ups = Each(spec.FusedGate ? "ffn_gate_up_exps" : "ffn_up_exps", spec.Count);
        Projection[]? gates = spec.FusedGate ? null : Each("ffn_gate_exps", spec.Count);

        return new ExpertWeights(
            Router(),
            spec.HasSelectionBias ? loader.Vector(_prefix + "exp_probs_b.bias") : null,
            [.. ups.Select((up, expert) => new FeedForwardWeights(gates?[expert], up, downs[expert]))])
        {
            Scales = spec.IsBeside ? loader.Vector(_prefix + "ffn_down_exps.scale") : null,
            Norms = spec.IsBeside
                ? new BesideNorms(
                    RouterNorm(), Norm("pre_ffw_norm_2"), Norm("post_ffw_norm_2"), Norm("post_ffw_norm_1"))
                : null,
        };
    }

    // What the router reads is divided by the root of the width; its weights stand for that, too.
    private unsafe NormWeights RouterNorm()
    {
        NativeBuffer weights = loader.Vector(_prefix + "ffn_gate_inp.scale")!;
        Scale.Row(weights.Floats, 1 / MathF.Sqrt(config.Width), config.Width);
        return new NormWeights(NormKind.Rms, config.NormEpsilon, weights, null);
    }

    // Always of floats, whatever the file keeps it in: who is chosen must not hang on a rounded input.
    private Projection Router()
        => new(loader.Floats(_prefix + "ffn_gate_inp.weight"), loader.Vector(_prefix + "ffn_gate_inp.bias"));

    private Projection[] Each(string name, int count)
    {
        GgufTensor tensor = loader.Require(_prefix + name + ".weight");
        int rows = checked((int)(tensor.Rows / count));
        NativeBuffer?[] biases = loader.Vectors(_prefix + name + ".bias", count);

        return
        [
            .. Enumerable.Range(0, count).Select(
                expert => new Projection(loader.Rows(tensor, new RowPick((long)expert * rows, rows)), biases[expert])),
        ];
    }

    private NormWeights Norm(string name) => loader.Norm(_prefix + name);

    private NormWeights HeadNorm(string name)
        => new(NormKind.Rms, config.NormEpsilon, loader.Vector(_prefix + name + ".weight")!, null);

    private Projection Project(string name) => loader.Project(_prefix + name);
}
