using NUnit.Framework;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

/// <summary>A model written again in other types: which tensor gets which, and what stays.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ModelQuantizerTests
{
    private static readonly ModelShape Wide = ModelShape.Tiny with
    {
        Name = "wide",
        Blocks = 8,
        Width = 256,
        FeedForward = 512,
        Tied = false,
    };

    private string _folder = "";

    [OneTimeSetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-quantize-").FullName;

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void The_usual_mix_gives_the_output_and_half_of_the_sensitive_matrices_more_bits()
    {
        using GgufFile written = Quantized(Wide, WeightPlan.Mix(FileType.Q4_K_M));

        Assert.That(TypeOf(written, "output.weight"), Is.EqualTo(GgmlType.Q6_K));
        Assert.That(TypeOf(written, "token_embd.weight"), Is.EqualTo(GgmlType.Q4_K));
        Assert.That(TypeOf(written, "output_norm.weight"), Is.EqualTo(GgmlType.F32));
        Assert.That(TypeOf(written, "blk.2.attn_q.weight"), Is.EqualTo(GgmlType.Q4_K));

        foreach (string role in (string[])["attn_v", "ffn_down"])
        {
            int[] better =
            [
                .. Enumerable.Range(0, Wide.Blocks)
                    .Where(block => TypeOf(written, $"blk.{block}.{role}.weight") == GgmlType.Q6_K),
            ];
            Assert.That(better, Is.EqualTo((int[])[0, 3, 6, 7]), role);
        }

        Assert.That(written.Metadata.Whole("general.file_type"), Is.EqualTo((int)FileType.Q4_K_M));
        Assert.That(written.Metadata.Whole("general.quantization_version"), Is.EqualTo(2));
        Assert.That(written.Metadata.Text("general.name"), Is.EqualTo(Wide.Name));
    }

    [Test]
    public void One_type_for_every_matrix_when_that_is_wanted()
    {
        using GgufFile written = Quantized(Wide, WeightPlan.Mix(FileType.Q4_K_M).Pure());
        Assert.That(
            written.Tensors.Where(tensor => tensor.Dimensions.Count > 1).Select(tensor => tensor.Type),
            Is.All.EqualTo(GgmlType.Q4_K));
    }

    [Test]
    public void Rows_that_are_no_whole_number_of_blocks_get_a_type_that_fits(
        [Values(FileType.Q2_K, FileType.Q3_K_M, FileType.Q4_K_M, FileType.Q5_K_S, FileType.Q6_K, FileType.IQ4_XS)]
        FileType type)
    {
        // Rows of 96 and 80 values.
        ModelShape narrow = ModelShape.Tiny with { Width = 96, FeedForward = 80 };
        using GgufFile written = Quantized(narrow, WeightPlan.Mix(type));
        GgmlType expected = type switch
        {
            FileType.Q2_K => GgmlType.Q4_0,
            FileType.Q3_K_M => GgmlType.Q4_0,
            FileType.Q4_K_M => GgmlType.Q5_0,
            FileType.Q5_K_S => GgmlType.Q5_1,
            FileType.Q6_K => GgmlType.Q8_0,
            _ => GgmlType.IQ4_NL,
        };

        Assert.That(TypeOf(written, "blk.2.attn_q.weight"), Is.EqualTo(expected));
        Assert.That(TypeOf(written, "blk.2.ffn_down.weight"), Is.EqualTo(GgmlType.F16));
        Assert.That(TypeOf(written, "token_embd.weight"), Is.EqualTo(GgmlType.Q8_0));
    }

    [Test]
    public void Positions_stay_as_they_are()
    {
        using GgufFile written = Quantized(ModelShape.TinyGpt2, WeightPlan.Mix(FileType.Q8_0));
        Assert.That(TypeOf(written, "position_embd.weight"), Is.EqualTo(GgmlType.F32));
        Assert.That(TypeOf(written, "blk.0.attn_qkv.weight"), Is.EqualTo(GgmlType.Q8_0));
    }

    [Test]
    public void Decoding_gives_what_the_codec_gives()
    {
        string source = TinyModel.Write(Path.Combine(_folder, "q8_0.gguf"), Wide, GgmlType.Q8_0);
        using var file = GgufFile.Open(source);
        string target = Path.Combine(_folder, "decoded.gguf");
        var quantizer = new ModelQuantizer(file, WeightPlan.Every(GgmlType.F32));
        using var pool = new ComputePool(2);
        quantizer.Write(target, pool);
        using var decoded = GgufFile.Open(target);
        GgufTensor tensor = file.Find("blk.1.ffn_up.weight")!;
        byte[] stored = new byte[tensor.Bytes];
        file.Read(tensor, 0, stored);
        float[] values = new float[tensor.Elements];
        GgmlCodec.Dequantize(tensor.Type, stored, values);
        byte[] expected = new byte[tensor.Elements * sizeof(float)];
        GgmlCodec.Quantize(GgmlType.F32, values, expected);
        byte[] found = new byte[expected.Length];
        decoded.Read(decoded.Find(tensor.Name)!, 0, found);

        Assert.That(found, Is.EqualTo(expected));
        Assert.That(quantizer.RoundedTwice, Is.Null);
        Assert.That(
            new ModelQuantizer(file, WeightPlan.Mix(FileType.Q4_0)).RoundedTwice?.Type, Is.EqualTo(GgmlType.Q8_0));
    }

    [Test]
    public void Threads_change_no_byte()
    {
        byte[] Written(int threads)
        {
            string source = TinyModel.Write(Path.Combine(_folder, $"source-{threads}.gguf"), Wide);
            using var file = GgufFile.Open(source);
            using var pool = new ComputePool(threads);
            string target = Path.Combine(_folder, $"target-{threads}.gguf");
            new ModelQuantizer(file, WeightPlan.Mix(FileType.Q3_K_M)).Write(target, pool);
            return File.ReadAllBytes(target);
        }

        Assert.That(Written(3).AsSpan().SequenceEqual(Written(1)), Is.True);
    }

    [Test]
    public void An_interrupted_run_leaves_no_file()
    {
        string source = TinyModel.Write(Path.Combine(_folder, "whole.gguf"));
        using var file = GgufFile.Open(source);
        using var pool = new ComputePool(1);
        string target = Path.Combine(_folder, "interrupted.gguf");

        Assert.That(
            () => new ModelQuantizer(file, WeightPlan.Mix(FileType.Q8_0)).Write(target, pool, new Interruption()),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.EnumerateFiles(_folder, "interrupted*"), Is.Empty);
    }

    [Test]
    public void A_weight_that_is_no_number_is_named()
    {
        var writer = new GgufWriter();
        writer.Add("general.architecture", "llama");
        byte[] values = new byte[64 * sizeof(float)];
        BitConverter.TryWriteBytes(values.AsSpan(40), float.NaN);
        writer.AddTensor("blk.0.attn_q.weight", GgmlType.F32, [32, 2], values);
        string source = Path.Combine(_folder, "nan.gguf");
        writer.Write(source);
        using var file = GgufFile.Open(source);
        using var pool = new ComputePool(1);

        Assert.That(
            () => new ModelQuantizer(file, WeightPlan.Mix(FileType.Q8_0)).Write(source + ".out", pool),
            Throws.InstanceOf<GgufException>().With.Property(nameof(GgufException.Field))
                .EqualTo("blk.0.attn_q.weight"));
        Assert.That(File.Exists(source + ".out"), Is.False);
    }

    private static GgmlType TypeOf(GgufFile file, string name) => file.Find(name)!.Type;

    private GgufFile Quantized(ModelShape shape, WeightPlan plan)
    {
        string name = $"{shape.Name}-{plan.Name}-{Guid.NewGuid():N}";
        string source = TinyModel.Write(Path.Combine(_folder, $"{name}-source.gguf"), shape);
        string target = Path.Combine(_folder, $"{name}.gguf");
        using var file = GgufFile.Open(source);
        using var pool = new ComputePool(1);
        new ModelQuantizer(file, plan).Write(target, pool);
        return GgufFile.Open(target);
    }

    private sealed class Interruption : IProgress<double>
    {
        public void Report(double value)
        {
            if (value > 0.3)
            {
                throw new OperationCanceledException();
            }
        }
    }
}
