using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Making;

/// <summary>
/// Writes a model of random weights in a real shape, for measuring and for tests. The file is written as it is made,
/// row by row: no model is ever held in memory.
/// </summary>
public static class ModelMaker
{
    // Logits of a trained model deviate by about this much.
    private const float LogitDeviation = 2.5f;

    // Blocks must outweigh the embedding they add to: a tied head would only repeat the token it was given.
    private const float ResidualGain = 2;

    /// <summary>
    /// Writes the model of <paramref name="shape"/>, its tensors stored as <paramref name="plan"/> says.
    /// </summary>
    /// <returns>Its size in bytes.</returns>
    public static long Write(
        string path,
        ModelShape shape,
        WeightPlan plan,
        ulong seed,
        ComputePool pool,
        IProgress<double>? progress = null)
    {
        Maker(shape, plan, seed, pool, progress).Write(path);
        return new FileInfo(path).Length;
    }

    /// <summary>Writes the model to <paramref name="stream"/>.</summary>
    public static void Write(Stream stream, ModelShape shape, WeightPlan plan, ulong seed, ComputePool pool)
        => Maker(shape, plan, seed, pool, null).Write(stream);

    private static GgufWriter Maker(
        ModelShape shape, WeightPlan plan, ulong seed, ComputePool pool, IProgress<double>? progress)
    {
        var writer = new GgufWriter();
        WriteMetadata(writer, shape);

        if (plan.FileType is { } fileType)
        {
            writer.Add("general.file_type", (uint)fileType);
        }

        VocabularyMaker.Write(writer, shape);
        ModelConfig config = shape.ToConfig();
        List<TensorSlot> slots =
        [
            .. ModelTensors.Of(config).Where(slot => !slot.Optional).DistinctBy(slot => slot.Name),
        ];
        var model = new MixModel(shape.Blocks, shape.Heads / shape.KvHeads, 0, shape.Tied);
        var encoder = new RowEncoder(pool);
        double total = slots.Sum(slot => (double)Elements(slot));
        double done = 0;

        foreach (TensorSlot slot in slots)
        {
            GgmlType type = plan.TypeOf(slot.Name, slot.Dimensions, model) ?? GgmlType.F32;
            writer.AddTensor(slot.Name, type, slot.Dimensions, stream =>
            {
                if (slot.Name == "rope_freqs.weight")
                {
                    WriteValues(stream, type, RopeFactors(shape));
                    return;
                }

                (float mean, float deviation) = Distribution(slot, shape);
                var numbers = new SeededWeights(seed, slot.Name);
                int width = (int)slot.Dimensions[0];
                encoder.Write(stream, type, Elements(slot) / width, width, Fill, Report);

                void Fill(long row, Span<float> values) => numbers.Fill(row * width, values, mean, deviation);
            });
        }

        return writer;

        void Report(long values)
        {
            done += values;
            progress?.Report(done / total);
        }
    }

    private static long Elements(TensorSlot slot)
        => slot.Dimensions.Aggregate(1L, (product, length) => product * length);

    private static void WriteValues(Stream stream, GgmlType type, float[] values)
    {
        byte[] stored = new byte[type.BytesOf(values.Length)];
        GgmlCodec.Quantize(type, values, stored);
        stream.Write(stored);
    }

    /// <summary>Weights that keep every sum near 1, and make logits as large as trained ones.</summary>
    private static (float Mean, float Deviation) Distribution(TensorSlot slot, ModelShape shape)
    {
        float fan = 1 / MathF.Sqrt(slot.Dimensions[0]);
        string name = slot.Name;

        if (name.EndsWith("norm.weight", StringComparison.Ordinal))
        {
            return (1, 0.1f);
        }

        if (slot.Dimensions.Count == 1)
        {
            return (0, 0.05f);
        }

        bool output = name == "output.weight" || (shape.Tied && name == "token_embd.weight");
        bool residual = name.Contains("attn_output", StringComparison.Ordinal)
            || name.Contains("ffn_down", StringComparison.Ordinal);

        if (name.StartsWith("position", StringComparison.Ordinal))
        {
            return (0, 1);
        }

        if (output || name.Contains("embd", StringComparison.Ordinal))
        {
            return (0, LogitDeviation * fan);
        }

        return (0, residual ? fan * ResidualGain : fan);
    }

    /// <summary>What Llama 3 divides angles by: nothing for high frequencies, the stretch for low ones.</summary>
    private static float[] RopeFactors(ModelShape shape)
    {
        const double OriginalContext = 8192;
        const double LowFactor = 1;
        const double HighFactor = 4;
        int headSize = shape.HeadSize;
        float[] factors = new float[headSize / 2];

        for (int i = 0; i < factors.Length; i++)
        {
            double turns = OriginalContext * Math.Pow(shape.RopeBase, -2.0 * i / headSize) / (2 * Math.PI);
            double smooth = Math.Clamp((turns - LowFactor) / (HighFactor - LowFactor), 0, 1);
            factors[i] = (float)(1 / (((1 - smooth) / shape.RopeStretch) + smooth));
        }

        return factors;
    }

    private static void WriteMetadata(GgufWriter writer, ModelShape shape)
    {
        string prefix = shape.Architecture;
        bool gpt2 = prefix == "gpt2";
        writer.Add("general.architecture", prefix);
        writer.Add("general.name", shape.Name);
        writer.Add($"{prefix}.context_length", (uint)shape.Context);
        writer.Add($"{prefix}.embedding_length", (uint)shape.Width);
        writer.Add($"{prefix}.block_count", (uint)shape.Blocks);
        writer.Add($"{prefix}.feed_forward_length", (uint)shape.FeedForward);
        writer.Add($"{prefix}.attention.head_count", (uint)shape.Heads);

        if (gpt2)
        {
            writer.Add($"{prefix}.attention.layer_norm_epsilon", 1e-5f);
            return;
        }

        writer.Add($"{prefix}.attention.head_count_kv", (uint)shape.KvHeads);
        writer.Add($"{prefix}.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Add($"{prefix}.rope.freq_base", shape.RopeBase);
        writer.Add($"{prefix}.rope.dimension_count", (uint)shape.HeadSize);
        writer.Add($"{prefix}.attention.key_length", (uint)shape.HeadSize);
        writer.Add($"{prefix}.attention.value_length", (uint)shape.HeadSize);
        writer.Add($"{prefix}.vocab_size", (uint)shape.Vocabulary);
    }
}
