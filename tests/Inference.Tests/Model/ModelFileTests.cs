using NUnit.Framework;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

/// <summary>Sound files of models that cannot be computed, or whose numbers do not fit each other.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ModelFileTests
{
    [TestCase("general.architecture", "mamba", "general.architecture")]
    [TestCase("llama.rope.scaling.type", "spiral", "llama.rope.scaling.type")]
    [TestCase("llama.block_count", 0, "llama.block_count")]
    [TestCase("llama.block_count", 2_000_000, "llama.block_count")]
    [TestCase("llama.block_count", 7, "blk.6.attn_norm.weight")]
    [TestCase("llama.embedding_length", 128, "token_embd.weight")]
    [TestCase("llama.embedding_length", -1, "llama.embedding_length")]
    [TestCase("llama.attention.head_count", 3, "llama.attention.head_count_kv")]
    [TestCase("llama.attention.head_count_kv", 3, "llama.attention.head_count_kv")]
    [TestCase("llama.attention.head_count_kv", 4, "blk.0.attn_k.weight")]
    [TestCase("llama.attention.key_length", 64, "blk.0.attn_q.weight")]
    [TestCase("llama.feed_forward_length", 64, "blk.0.ffn_gate.weight")]
    [TestCase("llama.rope.dimension_count", 7, "llama.rope.dimension_count")]
    [TestCase("llama.rope.dimension_count", 18, "llama.rope.dimension_count")]
    [TestCase("llama.attention.layer_norm_rms_epsilon", float.NaN, "llama.attention.layer_norm_rms_epsilon")]
    [TestCase("llama.attention.layer_norm_rms_epsilon", 0f, "llama.attention.layer_norm_rms_epsilon")]
    [TestCase("llama.rope.freq_base", float.PositiveInfinity, "llama.rope.freq_base")]
    [TestCase("llama.context_length", "many", "llama.context_length")]
    [TestCase("llama.expert_count", 5_000, "llama.expert_count")]
    [TestCase("llama.expert_count", 8, "llama.expert_used_count")]
    public void A_number_that_does_not_fit_is_named(string key, object value, string field)
    {
        byte[] header = Rewritten((name, writer) => name == key && Write(writer, key, value), added: key, value);

        Assert.That(
            () => ModelFile.FromHeader(header),
            Throws.InstanceOf<GgufException>().With.Property(nameof(GgufException.Field)).EqualTo(field));
    }

    [Test]
    public void An_unknown_architecture_is_named_with_those_that_are_known()
    {
        byte[] header = Rewritten((name, writer) => name == "general.architecture" && Write(writer, name, "mamba"));

        Assert.That(
            () => ModelFile.FromHeader(header),
            Throws.InstanceOf<UnsupportedModelException>()
                .With.Message.Contains("'mamba'").And.Message.Contains("gpt2"));
    }

    [Test]
    public void A_type_that_is_not_computed_is_named_with_those_that_are()
    {
        ModelShape shape = ModelShape.Tiny with { Width = 256 };
        using ModelFile model = TinyModel.Open(shape);
        var writer = new GgufWriter();
        Copy(model, writer, (_, _) => false);

        foreach (GgufTensor tensor in model.Tensors)
        {
            GgmlType type = tensor.Name == "blk.3.attn_q.weight" ? GgmlType.I16 : tensor.Type;
            writer.AddTensor(tensor.Name, type, tensor.Dimensions, default(ReadOnlyMemory<byte>));
        }

        byte[] header = writer.Header();
        Assert.That(
            () => ModelFile.FromHeader(header),
            Throws.InstanceOf<UnsupportedModelException>()
                .With.Property("Field").EqualTo("blk.3.attn_q.weight").And.Message.Contains("I16")
                .And.Message.Contains("Q8_0"));
    }

    [TestCase("blk.0.attn_sinks.weight", true)]
    [TestCase("blk.3.attn_q_norm.weight", true)]
    [TestCase("vision.patch.weight", true)]
    [TestCase("blk.0.attn_rot_embd.weight", false)]
    [TestCase("blk.6.nextn.eh_proj.weight", false)]
    public void A_tensor_that_no_block_would_read_is_named_unless_it_changes_no_text(string name, bool refused)
    {
        using ModelFile model = TinyModel.Open();
        var writer = new GgufWriter();
        Copy(model, writer, (_, _) => false);

        foreach (GgufTensor tensor in model.Tensors)
        {
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, default(ReadOnlyMemory<byte>));
        }

        writer.AddTensor(name, GgmlType.F32, [16], default(ReadOnlyMemory<byte>));
        byte[] header = writer.Header();
        Assert.That(
            () => ModelFile.FromHeader(header).Dispose(),
            refused
                ? Throws.InstanceOf<UnsupportedModelException>().With.Property("Field").EqualTo(name)
                : Throws.Nothing);
    }

    [Test]
    public void More_tokens_than_embeddings_are_refused()
    {
        string[] tokens = [.. Enumerable.Range(0, 400).Select(id => $"t{id}")];
        byte[] header = Rewritten((name, writer) =>
        {
            if (name == "tokenizer.ggml.tokens")
            {
                writer.Add(name, tokens);
            }

            return name == "tokenizer.ggml.tokens";
        });

        Assert.That(
            () => ModelFile.FromHeader(header),
            Throws.InstanceOf<GgufException>().With.Property("Field").EqualTo("tokenizer.ggml.tokens"));
    }

    [Test]
    public void A_header_is_enough_to_plan_but_not_to_read()
    {
        using ModelFile model = TinyModel.Open();
        using var header = ModelFile.FromHeader(model.Header);

        Assert.That(header.SpanBytes(new BlockRange(2, 4)), Is.EqualTo(model.SpanBytes(new BlockRange(2, 4))));
        Assert.That(header.HasWeights, Is.False);
        Assert.That(() => header.Read(header.Tensors[0], 0, new byte[4]), Throws.InvalidOperationException);
        Assert.That(
            () => model.Read(model.Tensors[0], model.Tensors[0].Bytes - 1, new byte[2]),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_range_of_blocks_is_read_as_it_is_written()
    {
        Assert.That(BlockRange.Parse("0:6"), Is.EqualTo(new BlockRange(0, 6)));
        Assert.That(new BlockRange(3, 11).ToString(), Is.EqualTo("3:11"));

        foreach (string wrong in (string[])["", "6", "6:6", "7:6", "-1:3", "0:x", "0:6:7", " 0:6", "0:99999999999"])
        {
            Assert.That(() => BlockRange.Parse(wrong), Throws.InstanceOf<FormatException>(), wrong);
        }
    }

    private static byte[] Rewritten(
        Func<string, GgufWriter, bool> replace, string? added = null, object? value = null)
    {
        using ModelFile model = TinyModel.Open();
        var writer = new GgufWriter();
        Copy(model, writer, replace);

        if (added is not null && !model.Metadata.Contains(added))
        {
            _ = Write(writer, added, value!);
        }

        foreach (GgufTensor tensor in model.Tensors)
        {
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, default(ReadOnlyMemory<byte>));
        }

        return writer.Header();
    }

    private static void Copy(ModelFile model, GgufWriter writer, Func<string, GgufWriter, bool> replace)
    {
        foreach (string key in model.Metadata.Keys)
        {
            if (!replace(key, writer))
            {
                writer.Add(key, model.Metadata.Require(key));
            }
        }
    }

    private static bool Write(GgufWriter writer, string key, object value)
    {
        switch (value)
        {
            case string text:
                writer.Add(key, text);
                break;
            case float number:
                writer.Add(key, number);
                break;
            default:
                writer.Add(key, (int)value);
                break;
        }

        return true;
    }
}
