using Swarm.Fable.Corpus;
using Swarm.Inference.Model;

namespace Swarm.Fable.Training;

/// <summary>Writes trained weights as a GGUF file of the `llama` kind: matrices as Q8_0, norms as floats.</summary>
public static unsafe class ModelExport
{
    private const int NormalToken = 1;
    private const int ControlToken = 3;

    /// <summary>Writes the file, replacing what is there when it is whole.</summary>
    public static void Write(
        string path, NetworkShape shape, Vocabulary vocabulary, float* parameters, GgmlType type = GgmlType.Q8_0)
    {
        var writer = new GgufWriter();
        writer.Add("general.architecture", "llama");
        writer.Add("general.name", "fable");
        writer.Add("general.description", "Tells short stories about animals. Trained on stories that a program wrote.");
        writer.Add("general.license", "mit");
        writer.Add("llama.context_length", (uint)shape.Context);
        writer.Add("llama.embedding_length", (uint)shape.Width);
        writer.Add("llama.block_count", (uint)shape.Blocks);
        writer.Add("llama.feed_forward_length", (uint)shape.Inner);
        writer.Add("llama.attention.head_count", (uint)shape.Heads);
        writer.Add("llama.attention.head_count_kv", (uint)shape.Heads);
        writer.Add("llama.attention.layer_norm_rms_epsilon", NetworkShape.NormEpsilon);
        writer.Add("llama.rope.freq_base", NetworkShape.RopeBase);
        writer.Add("llama.rope.dimension_count", (uint)shape.HeadSize);
        writer.Add("llama.vocab_size", (uint)shape.Vocabulary);
        AddVocabulary(writer, vocabulary);
        foreach ((string name, int offset, int rows, int columns) in shape.Tensors())
        {
            var values = new ReadOnlySpan<float>(parameters + offset, rows * columns);
            GgmlType stored = rows == 1 ? GgmlType.F32 : type;
            byte[] bytes = new byte[stored.BytesOf(values.Length)];
            GgmlCodec.Quantize(stored, values, bytes);
            writer.AddTensor(name, stored, rows == 1 ? [columns] : [columns, rows], bytes);
        }

        writer.Write(path);
    }

    /// <summary>The weights of such a file as the network computes with them.</summary>
    public static float* Read(ModelFile file, NetworkShape shape)
    {
        float* parameters = Buffers.Allocate(shape.Count);
        foreach ((string name, int offset, int rows, int columns) in shape.Tensors())
        {
            GgufTensor tensor = file.Require(name);
            byte[] bytes = new byte[tensor.Bytes];
            file.Read(tensor, 0, bytes);
            GgmlCodec.Dequantize(tensor.Type, bytes, new Span<float>(parameters + offset, rows * columns));
        }

        return parameters;
    }

    private static void AddVocabulary(GgufWriter writer, Vocabulary vocabulary)
    {
        int[] types = [.. Enumerable.Repeat(NormalToken, vocabulary.Count)];
        types[vocabulary.EndOfText] = ControlToken;
        writer.Add("tokenizer.ggml.model", "gpt2");
        writer.Add("tokenizer.ggml.pre", "gpt-2");
        writer.Add("tokenizer.ggml.tokens", vocabulary.Tokens());
        writer.Add("tokenizer.ggml.token_type", types);
        writer.Add("tokenizer.ggml.merges", vocabulary.Merges());
        writer.Add("tokenizer.ggml.bos_token_id", (uint)vocabulary.EndOfText);
        writer.Add("tokenizer.ggml.eos_token_id", (uint)vocabulary.EndOfText);
        writer.Add("tokenizer.ggml.add_bos_token", true);
    }
}
