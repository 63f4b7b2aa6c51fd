using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Model;

/// <summary>What is written is read again, and what is encoded is not far from what it was.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class GgufLawTests
{
    private static readonly Gen<string> AnyText
        = Gen.Elements("", "a", "two words", "é😀", "line\nline", new string('x', 300));

    private static readonly Gen<float[]> AnyBlock = Gen.Choose(-1_000_000, 1_000_000)
        .Select(value => value / 1000f)
        .ArrayOf(64);

    [Test]
    public void Metadata_is_read_as_it_was_written()
    {
        Gen<(string[] Texts, int[] Numbers, float[] Floats, bool[] Flags)> any =
            from texts in AnyText.ArrayOf()
            from numbers in ArbMap.Default.GeneratorFor<int>().ArrayOf()
            from floats in ArbMap.Default.GeneratorFor<float>().ArrayOf()
            from flags in ArbMap.Default.GeneratorFor<bool>().ArrayOf()
            select (texts, numbers, floats, flags);

        Prop.ForAll(any.ToArbitrary(), values =>
        {
            var writer = new GgufWriter();
            writer.Add("texts", values.Texts);
            writer.Add("numbers", values.Numbers);
            writer.Add("floats", values.Floats);
            writer.Add("flags", values.Flags);
            writer.Add("text", string.Concat(values.Texts));
            using var file = GgufFile.FromHeader(writer.Header());
            GgufMetadata read = file.Metadata;
            GgufValue texts = read.Array("texts")!;
            GgufValue numbers = read.Array("numbers")!;
            GgufValue floats = read.Array("floats")!;
            GgufValue flags = read.Array("flags")!;
            return Enumerable.Range(0, texts.Count).Select(texts.Text).SequenceEqual(values.Texts)
                && Enumerable.Range(0, numbers.Count).Select(i => (int)numbers.Whole(i)).SequenceEqual(values.Numbers)
                && Enumerable.Range(0, floats.Count).Select(i => (float)floats.Number(i)).SequenceEqual(values.Floats)
                && Enumerable.Range(0, flags.Count).Select(flags.Flag).SequenceEqual(values.Flags)
                && read.Text("text") == string.Concat(values.Texts);
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Tensors_are_read_as_they_were_written([Values(1, 32, 64, 4096)] int alignment)
    {
        var writer = new GgufWriter(alignment);
        byte[] first = [.. Enumerable.Range(0, 52).Select(value => (byte)value)];
        byte[] second = [.. first.Reverse(), .. first, .. first, .. new byte[12]];
        writer.Add("general.architecture", "none");
        writer.AddTensor("first", GgmlType.F32, [13], first);
        writer.AddTensor("second", GgmlType.F16, [7, 3, 4], stream => stream.Write(second));
        string path = Path.GetTempFileName();

        try
        {
            writer.Write(path);
            using var file = GgufFile.Open(path);
            byte[] read = new byte[168];
            file.Read(file.Find("second")!, 0, read);
            Assert.That(read, Is.EqualTo(second));
            file.Read(file.Find("first")!, 2, read.AsSpan(0, 50));
            Assert.That(read[..50], Is.EqualTo(first[2..]));
            Assert.That(file.Find("second")!.Offset % alignment, Is.Zero);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void A_tensor_that_writes_too_little_is_not_taken()
    {
        var writer = new GgufWriter();
        writer.AddTensor("t", GgmlType.F32, [4], stream => stream.WriteByte(0));

        Assert.That(() => writer.Write(Stream.Null), Throws.InvalidOperationException);
    }

    [Test]
    public void Encoding_changes_a_value_by_half_a_step_at_most(
        [Values(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0)] GgmlType type)
    {
        // Half a step of the type, relative to the largest value of the block, and a little for the scale's rounding.
        float share = type switch
        {
            GgmlType.F32 => 0,
            GgmlType.F16 => 1f / 2048,
            GgmlType.BF16 => 1f / 256,
            GgmlType.Q8_0 => 1f / 220,
            _ => 1f / 7.9f,
        };

        Prop.ForAll(AnyBlock.ToArbitrary(), values =>
        {
            byte[] stored = new byte[type.BytesOf(values.Length)];
            float[] read = new float[values.Length];
            GgmlCodec.Quantize(type, values, stored);
            GgmlCodec.Dequantize(type, stored, read);
            return Enumerable.Range(0, values.Length).All(i =>
            {
                float largest = values.AsSpan(i / 32 * 32, 32).ToArray().Max(Math.Abs);
                return Math.Abs(read[i] - values[i]) <= (share * largest) + 1e-4f;
            });
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void What_was_decoded_encodes_to_the_same_blocks(
        [Values(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q4_0)] GgmlType type)
        => Prop.ForAll(AnyBlock.ToArbitrary(), values =>
        {
            byte[] stored = new byte[type.BytesOf(values.Length)];
            byte[] again = new byte[stored.Length];
            float[] read = new float[values.Length];
            GgmlCodec.Quantize(type, values, stored);
            GgmlCodec.Dequantize(type, stored, read);
            GgmlCodec.Quantize(type, read, again);
            GgmlCodec.Dequantize(type, again, values);
            return values.AsSpan().SequenceEqual(read);
        }).QuickCheckThrowOnFailure();
}
