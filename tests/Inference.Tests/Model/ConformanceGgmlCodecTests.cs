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
    public void The_source_encodes_to_the_same_blocks(KitBlocks blocks)
    {
        if (!GgmlTypes.Encodable.Contains(blocks.Type))
        {
            Assert.Ignore($"Nothing is stored as {blocks.Name} by this program.");
        }

        byte[] expected = File.ReadAllBytes(blocks.BlocksPath);
        float[] source = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(blocks.SourcePath)).ToArray();
        byte[] stored = new byte[expected.Length];

        GgmlCodec.Quantize(blocks.Type, source, stored);

        Assert.That(stored, Is.EqualTo(expected));
    }

    [TestCaseSource(nameof(Types))]
    public void Every_type_is_known_with_its_geometry(KitBlocks blocks)
    {
        Assert.That(GgmlTypes.IsKnown((uint)blocks.Type), Is.True);
        Assert.That(blocks.Type.ToString(), Is.EqualTo(blocks.Name));
        Assert.That(blocks.Type.ElementsPerBlock, Is.EqualTo(blocks.Elements));
        Assert.That(blocks.Type.BytesPerBlock, Is.EqualTo(blocks.Bytes));
    }

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
                    source,
                    Path.Combine(folder, type.GetProperty("blocks_file").GetString()!),
                    Path.Combine(folder, type.GetProperty("dequant_file").GetString()!));

                yield return new TestCaseData<KitBlocks>(blocks).SetArgDisplayNames(blocks.Name);
            }
        }
    }

    public sealed record KitBlocks(
        string Name, GgmlType Type, int Elements, int Bytes, string SourcePath, string BlocksPath, string DecodedPath);
}
