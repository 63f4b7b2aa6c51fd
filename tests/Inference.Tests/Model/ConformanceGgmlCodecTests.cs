using System.Runtime.InteropServices;
using System.Text.Json;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ConformanceGgmlCodecTests : KitFixture
{
    [TestCaseSource(nameof(Types))]
    public void Blocks_decode_bit_for_bit(KitBlocks blocks)
    {
        byte[] stored = File.ReadAllBytes(blocks.BlocksPath);
        byte[] expected = File.ReadAllBytes(blocks.DecodedPath);
        float[] values = new float[expected.Length / sizeof(float)];

        GgmlCodec.Dequantize(blocks.Type, stored, values);

        Assert.That(MemoryMarshal.AsBytes<float>(values).SequenceEqual(expected), Is.True);
    }

    [Test]
    public void The_kit_holds_blocks() => Assert.That(Types(), Is.Not.Empty);

    [TestCaseSource(nameof(Types))]
    public void The_source_is_stored_with_no_larger_error_than_the_reference_has(KitBlocks blocks)
    {
        if (!GgmlTypes.Encodable.Contains(blocks.Type))
        {
            Assert.Ignore($"Nothing is stored as {blocks.Name} by this program.");
        }

        float[] source = Floats(blocks.SourcePath);
        float[] reference = Floats(blocks.DecodedPath);
        byte[] stored = new byte[blocks.Type.BytesOf(source.Length)];
        float[] values = new float[source.Length];
        GgmlCodec.Quantize(blocks.Type, source, stored);
        GgmlCodec.Dequantize(blocks.Type, stored, values);

        // Row by row: an outlier or a row of small values must not hide behind the others.
        int width = source.Length / blocks.Rows;

        for (int row = 0; row < blocks.Rows; row++)
        {
            Range part = (row * width)..((row + 1) * width);
            double own = Rms(source[part], values[part]);
            double theirs = Rms(source[part], reference[part]);
            TestContext.Out.WriteLine($"row {row}: {own:G5} for {theirs:G5}");
            Assert.That(own, Is.LessThanOrEqualTo(theirs * 1.000001), $"row {row}");
        }
    }

    [TestCaseSource(nameof(Types))]
    public void Every_type_is_known_with_its_geometry(KitBlocks blocks)
    {
        Assert.That(GgmlTypes.IsKnown((uint)blocks.Type), Is.True);
        Assert.That(blocks.Type.ToString(), Is.EqualTo(blocks.Name));
        Assert.That(blocks.Type.ElementsPerBlock, Is.EqualTo(blocks.Elements));
        Assert.That(blocks.Type.BytesPerBlock, Is.EqualTo(blocks.Bytes));
    }

    private static float[] Floats(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();

    private static double Rms(float[] expected, float[] found)
        => Math.Sqrt(expected.Zip(found, (a, b) => ((double)a - b) * ((double)a - b)).Average());

    private static IEnumerable<TestCaseData<KitBlocks>> Types()
    {
        foreach (string path in Kit.Files("quant", "blocks.json", recursive: true))
        {
            string folder = Path.GetDirectoryName(path)!;
            using var json = JsonDocument.Parse(File.ReadAllText(path));
            string source = Path.Combine(folder, json.RootElement.GetProperty("source_file").GetString()!);

            foreach (JsonElement type in json.RootElement.GetProperty("types").EnumerateArray())
            {
                var blocks = new KitBlocks(
                    type.GetProperty("type").GetString()!,
                    (GgmlType)type.GetProperty("ggml_type_id").GetInt32(),
                    type.GetProperty("elements_per_block").GetInt32(),
                    type.GetProperty("bytes_per_block").GetInt32(),
                    json.RootElement.GetProperty("rows").GetInt32(),
                    source,
                    Path.Combine(folder, type.GetProperty("blocks_file").GetString()!),
                    Path.Combine(folder, type.GetProperty("dequant_file").GetString()!));

                yield return new TestCaseData<KitBlocks>(blocks).SetArgDisplayNames(blocks.Name);
            }
        }
    }

    public sealed record KitBlocks(
        string Name,
        GgmlType Type,
        int Elements,
        int Bytes,
        int Rows,
        string SourcePath,
        string BlocksPath,
        string DecodedPath);
}
