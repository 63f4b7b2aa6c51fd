using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>The first half of a block, over a whole text at once: all kinds of attention.</summary>
internal sealed class Mixing(ModelConfig config, Tensors tensors, int context)
{
    private readonly Dictionary<int, (double[][] Keys, double[][] Values)> _kept = [];

    /// <summary>What a block adds to each position, given the normed inputs.</summary>
    public double[][] Run(int block, double[][] inputs)
    {
        LayerSpec spec = config.Layers[block];
        RecurrenceSpec? recurrence = spec.Recurrence;
        string name = $"blk.{block}.";

        return spec switch
        {
            { Mixer: MixerKind.ShortConvolution } => Recurring.Convolution(tensors, name, recurrence!, inputs),
            { Mixer: MixerKind.DeltaNet }
                => Recurring.DeltaNet(tensors, name, recurrence!, inputs, config.NormEpsilon),
            { Latent: { } latent } => Latent(name, spec, latent, inputs),
            _ => Plain(block, name, spec, inputs),
        };
    }

    private double[][] Plain(int block, string name, LayerSpec spec, double[][] inputs)
    {
        double epsilon = config.NormEpsilon;
        int queriesWidth = spec.HeadCount * spec.KeySize;
        int keysWidth = spec.KvHeadCount * spec.KeySize;
        double[][] queries = new double[inputs.Length][];
        double[][] keys = new double[inputs.Length][];
        double[][] values = new double[inputs.Length][];
        double[][] gates = new double[inputs.Length][];

        for (int position = 0; position < inputs.Length; position++)
        {
            double[] x = inputs[position];
            double[] all = spec.FusedQkv ? tensors.Times(name + "attn_qkv", x) : [];
            double[] query = spec.FusedQkv ? all[..queriesWidth] : tensors.Times(name + "attn_q", x);

            if (spec.HasQueryGate)
            {
                double[][] parts = [.. query.Chunk(spec.KeySize + spec.ValueSize)];
                query = [.. parts.SelectMany(part => part[..spec.KeySize])];
                gates[position] = [.. parts.SelectMany(part => part[spec.KeySize..])];
            }

            query = spec.HasQkNorm ? tensors.HeadNorms(name + "attn_q_norm", query, spec.KeySize, epsilon) : query;
            query = Turned(spec, query, position);
            queries[position] = spec.Temperature is { } warmth
                ? Tensors.Scaled(query, 1 + (warmth.Scale * Math.Log(1 + Math.Floor((double)position / warmth.Length))))
                : query;

            if (spec.KvSource is null)
            {
                double[] key = spec.FusedQkv
                    ? all[queriesWidth..(queriesWidth + keysWidth)]
                    : tensors.Times(name + "attn_k", x);
                double[] value = spec.FusedQkv ? all[(queriesWidth + keysWidth)..]
                    : spec.ValueIsKey ? key : tensors.Times(name + "attn_v", x);
                key = spec.HasQkNorm ? tensors.HeadNorms(name + "attn_k_norm", key, spec.KeySize, epsilon) : key;
                keys[position] = Turned(spec, key, position);
                values[position] = spec.HasValueNorm
                    ? [.. value.Chunk(spec.ValueSize).SelectMany(head => Tensors.Unit(head, epsilon))]
                    : value;
            }
        }

        if (spec.KvSource is null)
        {
            _kept[block] = (keys, values);
        }

        (keys, values) = _kept[spec.KvSource ?? block];
        return
        [
            .. Enumerable.Range(0, inputs.Length).Select(position =>
            {
                double[] seen = See(name, spec, position, queries[position], keys, values);
                seen = spec.HasQueryGate
                    ? [.. seen.Zip(gates[position], (value, gate) => value * Tensors.Sigmoid(gate))]
                    : seen;
                return tensors.Times(name + "attn_output", seen);
            }),
        ];
    }

    // Latent attention unfolded: keys and values are expanded for each head, which the engine never does.
    private double[][] Latent(string name, LayerSpec spec, LatentSpec latent, double[][] inputs)
    {
        int turned = spec.KeySize - latent.Rank;
        int size = latent.PlainSize + turned;
        double[][] results = new double[inputs.Length][];
        var shared = new List<double[]>();
        var turnedKeys = new List<double[]>();

        for (int position = 0; position < inputs.Length; position++)
        {
            double[] x = inputs[position];
            double[] row = tensors.Times(name + "attn_kv_a_mqa", x);
            shared.Add(tensors.Norm(name + "attn_kv_a_norm", row[..latent.Rank], config.NormEpsilon));
            turnedKeys.Add(Turning.Turn(spec.Rope, tensors, row[latent.Rank..], position, context));
            double[] query = latent.QueryRank == 0
                ? tensors.Times(name + "attn_q", x)
                : tensors.Times(
                    name + "attn_q_b",
                    tensors.Norm(name + "attn_q_a_norm", tensors.Times(name + "attn_q_a", x), config.NormEpsilon));
            double[][] heads = [.. query.Chunk(size)];
            IEnumerable<double> seen = heads.SelectMany(
                (head, h) => SeeLatent(name, spec, latent, h, position, head, shared, turnedKeys));
            results[position] = tensors.Times(name + "attn_output", [.. seen]);
        }

        return results;
    }

    private double[] SeeLatent(
        string name,
        LayerSpec spec,
        LatentSpec latent,
        int head,
        int position,
        double[] query,
        List<double[]> shared,
        List<double[]> turnedKeys)
    {
        double[] turned = Turning.Turn(spec.Rope, tensors, query[latent.PlainSize..], position, context);
        double[] toKey = tensors.Of(name + "attn_k_b.weight");
        double[] scores = new double[shared.Count];

        for (int other = 0; other < shared.Count; other++)
        {
            double score = turned.Zip(turnedKeys[other], (a, b) => a * b).Sum();

            for (int i = 0; i < latent.PlainSize; i++)
            {
                double key = 0;

                for (int r = 0; r < latent.Rank; r++)
                {
                    key += toKey[(((head * latent.Rank) + r) * latent.PlainSize) + i] * shared[other][r];
                }

                score += query[i] * key;
            }

            scores[other] = score * spec.Scale!.Value;
        }

        double[] weights = Tensors.Softmax(scores);
        double[] result = new double[latent.ValueSize];

        for (int other = 0; other < shared.Count; other++)
        {
            double[] value = tensors.Times(name + "attn_v_b", shared[other], head, spec.HeadCount);
            result = Tensors.Sum(result, Tensors.Scaled(value, weights[other]));
        }

        return result;
    }

    private double[] Turned(LayerSpec spec, double[] heads, int position) => spec.Rope.Kind == RopeKind.None
        ? heads
        : [.. heads.Chunk(spec.KeySize).SelectMany(h => Turning.Turn(spec.Rope, tensors, h, position, context))];

    private double[] See(
        string name, LayerSpec spec, int position, double[] queries, double[][] keys, double[][] values)
    {
        var result = new List<double>();
        int first = spec.Window == 0 ? 0 : Math.Max(0, position + 1 - spec.Window);
        double scale = spec.Scale ?? 1 / Math.Sqrt(spec.KeySize);

        for (int head = 0; head < spec.HeadCount; head++)
        {
            int kv = head / (spec.HeadCount / spec.KvHeadCount);
            var scores = new List<double>();

            for (int other = first; other <= position; other++)
            {
                double score = 0;

                for (int i = 0; i < spec.KeySize; i++)
                {
                    score += queries[(head * spec.KeySize) + i] * keys[other][(kv * spec.KeySize) + i];
                }

                score *= scale;
                scores.Add(spec.Softcap == 0 ? score : spec.Softcap * Math.Tanh(score / spec.Softcap));
            }

            if (spec.HasSinks)
            {
                scores.Add(tensors.Of(name + "attn_sinks.weight")[head]);
            }

            double[] weights = Tensors.Softmax(scores);

            for (int i = 0; i < spec.ValueSize; i++)
            {
                result.Add(Enumerable.Range(first, position + 1 - first)
                    .Sum(other => weights[other - first] * values[other][(kv * spec.ValueSize) + i]));
            }
        }

        return [.. result];
    }
}
