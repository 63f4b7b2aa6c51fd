using Swarm.Inference.Model;

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

    private const int RowsPerWrite = 256;

    /// <summary>Writes the model of <paramref name="shape"/>, its matrices stored as <paramref name="type"/>.</summary>
    /// <returns>Its size in bytes.</returns>
    public static long Write(
        string path, ModelShape shape, GgmlType type, ulong seed, IProgress<double>? progress = null)
    {
        Maker(shape, type, seed, progress).Write(path);
        return new FileInfo(path).Length;
    }

    /// <summary>Writes the model to <paramref name="stream"/>.</summary>
    public static void Write(Stream stream, ModelShape shape, GgmlType type, ulong seed)
        => Maker(shape, type, seed, null).Write(stream);

    private static GgufWriter Maker(ModelShape shape, GgmlType type, ulong seed, IProgress<double>? progress)
    {
        var writer = new GgufWriter();
        WriteMetadata(writer, shape);
        VocabularyMaker.Write(writer, shape);
        ModelConfig config = shape.ToConfig();
        List<TensorSlot> slots =
        [
            .. ModelTensors.Of(config).Where(slot => !slot.Optional).DistinctBy(slot => slot.Name),
        ];
        double total = slots.Sum(slot => (double)Elements(slot));
        double done = 0;

        foreach (TensorSlot slot in slots)
        {
            GgmlType stored = slot.Dimensions.Count == 1 || slot.Name.StartsWith("position", StringComparison.Ordinal)
                ? GgmlType.F32
                : type;

            writer.AddTensor(slot.Name, stored, slot.Dimensions, stream =>
            {
                WriteTensor(stream, slot, stored, shape, seed);
                done += Elements(slot);
                progress?.Report(done / total);
            });
        }

        return writer;
    }

    private static long Elements(TensorSlot slot)
        => slot.Dimensions.Aggregate(1L, (product, length) => product * length);

    private static void WriteTensor(Stream stream, TensorSlot slot, GgmlType type, ModelShape shape, ulong seed)
    {
        if (slot.Name == "rope_freqs.weight")
        {
            WriteValues(stream, type, RopeFactors(shape));
            return;
        }

        (float mean, float deviation) = Distribution(slot, shape);
        var numbers = new SeededWeights(seed, slot.Name);
        int rowLength = (int)slot.Dimensions[0];
        long left = Elements(slot);
        float[] values = new float[(int)Math.Min(left, (long)rowLength * RowsPerWrite)];
        byte[] stored = new byte[type.BytesOf(values.Length)];

        while (left > 0)
        {
            int count = (int)Math.Min(left, values.Length);
            numbers.Fill(values.AsSpan(0, count), mean, deviation);
            Span<byte> bytes = stored.AsSpan(0, (int)type.BytesOf(count));
            GgmlCodec.Quantize(type, values.AsSpan(0, count), bytes);
            stream.Write(bytes);
            left -= count;
        }
    }

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
        int headSize = shape.Width / shape.Heads;
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
        writer.Add($"{prefix}.rope.dimension_count", (uint)(shape.Width / shape.Heads));
        writer.Add($"{prefix}.vocab_size", (uint)shape.Vocabulary);
    }
}
