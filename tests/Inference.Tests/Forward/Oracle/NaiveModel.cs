using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>
/// A whole model in double precision, over a whole text at once, with nothing kept and nothing clever: what the forward
/// pass must come near to. It shares the description of the blocks with it, and no arithmetic.
/// </summary>
internal static class NaiveModel
{
    /// <summary>The logits after every token, row after row.</summary>
    public static double[] Logits(ModelFile file, int[] ids, int context)
    {
        ModelConfig config = file.Config;
        var tensors = new Tensors(file);
        var mixing = new Mixing(config, tensors, context);
        var feeding = new Feeding(config, tensors);
        double[][] embedded =
            [.. ids.Select(id => Tensors.Scaled(tensors.Row("token_embd.weight", id), config.EmbeddingScale))];
        double[][] hidden = config.HasPositionEmbedding
            ? [.. embedded.Select((row, i) => Tensors.Sum(row, tensors.Row("position_embd.weight", i)))]
            : [.. embedded];

        for (int block = 0; block < config.BlockCount; block++)
        {
            LayerSpec spec = config.Layers[block];
            string name = $"blk.{block}.";
            double[][] inputs = [.. hidden.Select(x => tensors.Norm(name + "attn_norm", x, config.NormEpsilon))];
            double[][] mixed = mixing.Run(block, inputs);

            for (int i = 0; i < ids.Length; i++)
            {
                double[] x = Added(hidden[i], mixed[i], "post_attention_norm");
                x = Added(x, feeding.Run(block, x), "post_ffw_norm");
                x = spec.TokenInputSize > 0 ? TakeIn(config, tensors, block, ids[i], embedded[i], x) : x;
                string scale = name + "layer_output_scale.weight";
                hidden[i] = spec.HasOutputScale && tensors.Has(scale) ? Tensors.Scaled(x, tensors.Of(scale)[0]) : x;
            }

            double[] Added(double[] x, double[] result, string norm)
            {
                result = spec.HasPostNorms ? tensors.Norm(name + norm, result, config.NormEpsilon) : result;
                return Tensors.Sum(x, Tensors.Scaled(result, spec.ResidualScale));
            }
        }

        return [.. hidden.SelectMany(x => Head(config, tensors, x))];
    }

    private static double[] Head(ModelConfig config, Tensors tensors, double[] hidden)
    {
        double[] x = tensors.Norm(config.OutputNorm, hidden, config.NormEpsilon);
        double[] logits = tensors.Times(config.TiedOutput ? "token_embd" : "output", x);
        logits = Tensors.Scaled(logits, 1 / config.LogitDivisor);
        double cap = config.LogitSoftcap;
        return cap == 0 ? logits : [.. logits.Select(logit => cap * Math.Tanh(logit / cap))];
    }

    // The input of the token itself: of its id and of its embedding, half and half.
    private static double[] TakeIn(
        ModelConfig config, Tensors tensors, int block, int id, double[] embedded, double[] x)
    {
        int size = config.Layers[block].TokenInputSize;
        var part = new Range(block * size, (block + 1) * size);
        double[] own = tensors.Row("per_layer_token_embd.weight", id)[part];
        double[] projected = Tensors.Scaled(
            tensors.Times("per_layer_model_proj", embedded)[part], 1 / Math.Sqrt(config.Width));
        projected = tensors.Norm("per_layer_proj_norm", projected, config.NormEpsilon);
        double[] input = Tensors.Scaled(
            Tensors.Sum(projected, Tensors.Scaled(own, Math.Sqrt(size))), Math.Sqrt(0.5));
        string name = $"blk.{block}.";
        double[] gate = tensors.Times(name + "inp_gate", x);
        double[] result = tensors.Times(name + "proj", [.. gate.Zip(input, (g, value) => Tensors.Gelu(g) * value)]);
        return Tensors.Sum(x, tensors.Norm(name + "post_norm", result, config.NormEpsilon));
    }
}
