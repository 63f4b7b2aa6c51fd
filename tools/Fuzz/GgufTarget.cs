using System.Globalization;
using Swarm.Inference.Chat;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Inference.Threading;

namespace Swarm.Fuzz;

/// <summary>Model files: damaged, cut off, in parts that do not belong together, with lengths that lie.</summary>
internal sealed class GgufTarget : IFuzzTarget
{
    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-fuzz-").FullName;
    private readonly byte[] _model;
    private readonly byte[] _manifest;

    public GgufTarget()
    {
        using var stream = new MemoryStream();
        using var pool = new ComputePool(1);
        ModelMaker.Write(stream, ModelShape.Tiny, WeightPlan.Every(GgmlType.Q4_0), 1, pool);
        _model = stream.ToArray();
        string path = Path.Combine(_folder, "model.gguf");
        File.WriteAllBytes(path, _model);
        using var model = ModelFile.Open(path);
        _manifest = model.ComputeManifest().Serialize().ToArray();
    }

    public string Name => "gguf";

    // The header itself, its index, and the tokenizer and the chat template that are made of it.
    public long AllocatedBytesMax(int inputLength) => (64L << 20) + (64L * inputLength);

    public byte[] Make(Random random) => random.Next(6) switch
    {
        0 => Chunks.Join([Mutations.Of(random, _model)]),
        1 => Chunks.Join([Damaged(random, Sound(random, 0, 1))]),
        2 => Chunks.Join([Damaged(random, Header(random)), Mutations.Of(random, _manifest)]),
        3 => Parts(random),
        4 => Chunks.Join([HeaderDamaged(random, _model)]),
        _ => Chunks.Join([Sound(random, 0, 1)]),
    };

    public void Read(byte[] input)
    {
        List<byte[]> parts = Chunks.Split(input);

        for (int part = 0; part < parts.Count; part++)
        {
            File.WriteAllBytes(PartPath(part, parts.Count), parts[part]);
            Allow(() => ModelManifest.Parse(parts[part]));
            Allow(() => Use(ModelFile.FromHeader(parts[part])));
        }

        if (parts.Count > 0)
        {
            Allow(() => GgufFile.Open(PartPath(0, parts.Count)).Dispose());
            Allow(() => Use(ModelFile.Open(PartPath(0, parts.Count))));
        }
    }

    private static void Allow(Action read)
    {
        try
        {
            read();
        }
        catch (Exception refusal) when (refusal is GgufException or TemplateException)
        {
        }
    }

    private static void Use(ModelFile file)
    {
        using ModelFile model = file;

        if (model.HasWeights)
        {
            _ = model.ComputeManifest();
        }

        Allow(() => ChatTemplate.Of(model.Metadata));
        _ = Tokenizer.Create(model.Metadata).Encode("What remains?", true, true);
    }

    private string PartPath(int part, int count) => Path.Combine(_folder, count == 1
        ? "case.gguf"
        : string.Create(CultureInfo.InvariantCulture, $"case-{part + 1:D5}-of-{count:D5}.gguf"));

    private byte[] Parts(Random random)
    {
        int count = random.Next(2, 5);
        byte[][] parts = [.. Enumerable.Range(0, count).Select(part => Sound(random, part, count))];
        int damaged = random.Next(count + 1);

        if (damaged < count)
        {
            parts[damaged] = Damaged(random, parts[damaged]);
        }

        return Chunks.Join(parts);
    }

    private static byte[] Damaged(Random random, byte[] bytes)
        => random.Next(4) == 0 ? bytes : Mutations.Of(random, bytes);

    /// <summary>Damages the part where the numbers are.</summary>
    private static byte[] HeaderDamaged(Random random, byte[] bytes)
    {
        int length = Math.Min(bytes.Length, random.Next(2) == 0 ? 512 : 20_000);
        return [.. Mutations.Of(random, bytes.AsSpan(0, length)), .. bytes[length..]];
    }

    /// <summary>Metadata of every type, all of it sound.</summary>
    private static byte[] Header(Random random)
    {
        using var stream = new MemoryStream();
        Writer(random, 0, 1).Write(stream);
        return stream.ToArray();
    }

    private static byte[] Sound(Random random, int part, int count)
    {
        GgufWriter writer = Writer(random, part, count);

        for (int tensor = random.Next(4); tensor > 0; tensor--)
        {
            GgmlType[] types = Enum.GetValues<GgmlType>();
            long[] shape = [256, random.Next(1, 4)];
            GgmlType type = types[random.Next(types.Length)];
            long bytes = type.BytesOf(shape[0] * shape[1]);
            writer.AddTensor($"t{part}.{tensor}", type, shape, new byte[bytes]);
        }

        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    private static GgufWriter Writer(Random random, int part, int count)
    {
        var writer = new GgufWriter(1 << random.Next(3, 8));
        writer.Add("general.architecture", random.Next(2) == 0 ? "llama" : "gpt2");
        writer.Add("llama.block_count", (uint)random.Next(3));
        writer.Add("llama.attention.head_count", [random.Next(9), random.Next(9)]);
        writer.Add("llama.rope.freq_base", (float)random.NextDouble());
        writer.Add("tokenizer.ggml.model", random.Next(2) == 0 ? "gpt2" : "llama");
        writer.Add("tokenizer.ggml.tokens", Enumerable.Range(0, random.Next(9)).Select(id => $"t{id}"));
        writer.Add("tokenizer.ggml.scores", (float[])[.. Enumerable.Range(0, random.Next(9)).Select(id => -id)]);
        writer.Add("tokenizer.ggml.merges", (string[])["t 1", "t1 t"]);
        writer.Add("tokenizer.ggml.add_bos_token", random.Next(2) == 0);
        writer.Add("tokenizer.chat_template", "{% for m in messages %}{{ m.role }}{% endfor %}");

        if (count > 1)
        {
            writer.Add("split.no", (uint)part);
            writer.Add("split.count", (uint)count);
            writer.Add("split.tensors.count", random.Next(12));
        }

        return writer;
    }
}
