using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>The second half of a block: one feed-forward part, or a router and its experts.</summary>
internal sealed class Feeding(ModelConfig config, Tensors tensors)
{
    /// <summary>What a block adds to one position, given its hidden state.</summary>
    public double[] Run(int block, double[] hidden)
    {
        LayerSpec spec = config.Layers[block];
        string name = $"blk.{block}.";
        double[] x = tensors.Norm(name + spec.FeedForwardNorm, hidden, config.NormEpsilon);

        if (spec.Experts is not { } experts)
        {
            return Dense(name, "", spec, spec.FeedForwardSize, x);
        }

        if (experts.IsBeside)
        {
            double[] asked = Tensors.Unit(hidden, config.NormEpsilon)
                .Zip(tensors.Of(name + "ffn_gate_inp.scale"), (value, scale) => value * scale / Math.Sqrt(config.Width))
                .ToArray();
            double[] input = tensors.Norm(name + "pre_ffw_norm_2", hidden, config.NormEpsilon);
            double[] mixture = Mixture(name, spec, experts, asked, input);
            double[] dense = Dense(name, "", spec, spec.FeedForwardSize, x);
            return Tensors.Sum(
                tensors.Norm(name + "post_ffw_norm_1", dense, config.NormEpsilon),
                tensors.Norm(name + "post_ffw_norm_2", mixture, config.NormEpsilon));
        }

        double[] sum = Mixture(name, spec, experts, x, x);
        return spec.FeedForwardSize > 0
            ? Tensors.Sum(sum, Dense(name, "_shexp", spec, spec.FeedForwardSize, x))
            : sum;
    }

    private double[] Dense(
        string name,
        string suffix,
        LayerSpec spec,
        int size,
        double[] x,
        int index = 0,
        int count = 1,
        bool fused = false)
    {
        if (spec.FeedForward == FeedForwardKind.Gelu)
        {
            double[] inner = tensors.Times(name + "ffn_up", x);
            return tensors.Times(name + "ffn_down", [.. inner.Select(Tensors.Gelu)]);
        }

        double[] both = fused ? tensors.Times($"{name}ffn_gate_up{suffix}", x, index, count)
            : spec.FusedGate ? tensors.Times($"{name}ffn_up{suffix}", x, index, count)
            : [.. tensors.Times($"{name}ffn_gate{suffix}", x, index, count),
                .. tensors.Times($"{name}ffn_up{suffix}", x, index, count)];
        double[] activated =
            [.. Enumerable.Range(0, size).Select(i => Gated(spec.FeedForward, both[i], both[size + i]))];
        return tensors.Times($"{name}ffn_down{suffix}", activated, index, count);
    }

    private static double Gated(FeedForwardKind kind, double gate, double up)
    {
        double cut = Math.Min(gate, 7);

        return kind switch
        {
            FeedForwardKind.SwiGlu => Tensors.Silu(gate) * up,
            FeedForwardKind.GeGlu => Tensors.Gelu(gate) * up,
            _ => cut * Tensors.Sigmoid(1.702 * cut) * (Math.Clamp(up, -7, 7) + 1),
        };
    }

    private double[] Mixture(string name, LayerSpec spec, ExpertSpec experts, double[] asked, double[] x)
    {
        double[] logits = tensors.Times(name + "ffn_gate_inp", asked);
        double[] values = experts.Gating switch
        {
            ExpertGating.Softmax => Tensors.Softmax(logits),
            ExpertGating.Sigmoid => [.. logits.Select(Tensors.Sigmoid)],
            _ => logits,
        };
        double[] scores = experts.HasSelectionBias
            ? Tensors.Sum(values, tensors.Of(name + "exp_probs_b.bias"))
            : [.. values];
        int size = experts.Count / experts.GroupCount;
        int[] groups = [.. Enumerable.Range(0, experts.GroupCount)
            .OrderByDescending(group => scores.Skip(group * size).Take(size).OrderDescending().Take(2).Sum())
            .Take(experts.GroupsUsed)];
        int[] chosen = [.. Enumerable.Range(0, experts.Count)
            .Where(expert => groups.Contains(expert / size))
            .OrderByDescending(expert => scores[expert])
            .Take(experts.Used)];
        double[] weights = [.. chosen.Select(expert => values[expert])];
        weights = experts.Gating == ExpertGating.SoftmaxOfChosen ? Tensors.Softmax(weights) : weights;
        weights = Tensors.Scaled(weights, experts.WeightScale / (experts.Renormalizes ? weights.Sum() : 1));
        double[] sum = new double[config.Width];

        for (int i = 0; i < chosen.Length; i++)
        {
            string scales = name + "ffn_down_exps.scale";
            double scale = tensors.Has(scales) ? tensors.Of(scales)[chosen[i]] : 1;
            double[] result = Dense(name, "_exps", spec, experts.Size, x, chosen[i], experts.Count, experts.FusedGate);
            sum = Tensors.Sum(sum, Tensors.Scaled(result, weights[i] * scale));
        }

        return sum;
    }
}
