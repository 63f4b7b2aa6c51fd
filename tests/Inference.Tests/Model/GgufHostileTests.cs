using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

/// <summary>Files from strangers: every class of malformed field is a typed error that names it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class GgufHostileTests
{
    private const uint U32 = 4;
    private const uint Bool = 7;
    private const uint Text = 8;
    private const uint ArrayOf = 9;
    private const ulong Huge = 1UL << 62;
    private const ulong Wide = 1UL << 40;

    [TestCaseSource(nameof(Malformed))]
    public void A_malformed_field_is_named(byte[] bytes, string field)
    {
        GgufException? refusal = Assert.Throws<GgufException>(() => OpenFile(bytes).Dispose());

        Assert.That(refusal!.Field, Is.EqualTo(field));
        Assert.That(refusal.Message, Does.Not.Contain('\n').And.Contains(refusal.Path!));
    }

    [Test]
    public void Every_prefix_of_a_model_is_a_typed_error()
    {
        byte[] whole = TinyModel.Bytes();
        using var model = ModelFile.FromHeader(HeaderOf(whole));
        int header = model.Header.Length;
        int data = (header + 31) / 32 * 32;

        // Every length inside the header, then some inside of every tensor.
        IEnumerable<int> lengths = Enumerable.Range(0, header).Where(length => length < 300 || length % 7 == 0)
            .Concat(model.Tensors.SelectMany(tensor => Enumerable.Range(data + (int)tensor.Offset, 2)));

        foreach (int length in lengths)
        {
            byte[] prefix = whole[..length];
            Assert.That(() => OpenFile(prefix).Dispose(), Throws.InstanceOf<GgufException>(), $"{length} bytes");

            if (length < header)
            {
                Assert.That(() => ModelFile.FromHeader(prefix), Throws.InstanceOf<GgufException>(), $"{length} bytes");
            }
        }
    }

    [Test]
    public void A_changed_header_opens_or_is_a_typed_error([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        byte[] header = HeaderOf(TinyModel.Bytes());

        for (int round = 0; round < 400; round++)
        {
            byte[] changed = [.. header];

            for (int change = random.Next(1, 4); change > 0; change--)
            {
                changed[random.Next(changed.Length)] = random.Next(3) switch
                {
                    0 => 0xFF,
                    1 => 0,
                    _ => (byte)random.Next(256),
                };
            }

            try
            {
                using var model = ModelFile.FromHeader(changed);
                _ = Tokenizer.Create(model.Metadata).Encode("What remains?", true, true);
            }
            catch (GgufException)
            {
            }
        }
    }

    [Test]
    public void A_lie_about_a_count_allocates_nothing()
    {
        byte[][] lies =
        [
            new GgufBytes().Header(1_000_000, 0).ToArray(),
            new GgufBytes().Header(0, 60_000).ToArray(),
            new GgufBytes().Header(0, 1).Entry("a", ArrayOf).UInt32(Text).UInt64(int.MaxValue).ToArray(),
            new GgufBytes().Header(0, 1).Entry("a", Text).UInt64(16_000_000).ToArray(),
        ];

        foreach (byte[] lie in lies)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            _ = Assert.Throws<GgufException>(() => GgufFile.FromHeader(lie));
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        }
    }

    [Test]
    public void A_file_that_shrinks_after_it_was_opened_is_a_typed_error()
    {
        string path = TinyModel.Write();

        try
        {
            using var model = ModelFile.Open(path);

            using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            {
                file.SetLength(model.Header.Length + 1000);
            }

            GgufTensor last = model.Tensors[^1];
            GgufException? refusal = Assert.Throws<GgufException>(() => model.Read(last, 0, new byte[last.Bytes]));
            Assert.That(refusal!.Field, Is.EqualTo(last.Name));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void What_is_no_file_is_said_in_one_line_that_says_what_to_do()
    {
        string missing = Path.Combine(Path.GetTempPath(), "there-is-no-such-model.gguf");

        Assert.That(
            () => ModelFile.Open(missing),
            Throws.InstanceOf<GgufException>().With.Message.Contains("does not exist"));
        Assert.That(
            () => ModelFile.Open(Path.GetTempPath()),
            Throws.InstanceOf<GgufException>().With.Message.Contains("is a directory"));
    }

    private static IEnumerable<TestCaseData> Malformed()
    {
        static TestCaseData Case(string name, GgufBytes bytes, string field)
            => new TestCaseData(bytes.ToArray(), field).SetArgDisplayNames(name);

        static GgufBytes Tensors(ulong count) => new GgufBytes().Header(count, 0);

        static GgufBytes Entry(string key, uint type, ulong count = 1)
            => new GgufBytes().Header(0, count).Entry(key, type);

        static GgufBytes Aligned(uint alignment)
            => new GgufBytes().Header(1, 1).Entry("general.alignment", U32).UInt32(alignment);

        return
        [
            Case("empty", new GgufBytes(), "magic"),
            Case("bad magic", new GgufBytes().Header(0, 0, magic: "GGML"), "magic"),
            Case("version 0", new GgufBytes().Header(0, 0, version: 0), "version"),
            Case("version 1", new GgufBytes().Header(0, 0, version: 1), "version"),
            Case("future version", new GgufBytes().Header(0, 0, version: 4), "version"),
            Case("big-endian", new GgufBytes().Header(0, 0, version: 0x03000000), "version"),
            Case("too many tensors", new GgufBytes().Header(Huge, 0), "tensor count"),
            Case("too many entries", new GgufBytes().Header(0, Huge), "metadata count"),
            Case("more entries than bytes", new GgufBytes().Header(0, 10), "metadata count"),
            Case("key too long", new GgufBytes().Header(0, 1).UInt64(Huge).Raw(new byte[50]), "metadata key 0"),
            Case("key beyond the file", new GgufBytes().Header(0, 1).UInt64(60).Raw(new byte[50]), "metadata key 0"),
            Case("empty key", new GgufBytes().Header(0, 1).Text("").UInt32(U32).Raw(new byte[50]), "metadata key 0"),
            Case("key no UTF-8", new GgufBytes().Header(0, 1).UInt64(1).Raw(0xFF).Raw(new byte[50]), "metadata key 0"),
            Case("bad value type", new GgufBytes().Header(0, 1).Entry("a", 13).Raw(new byte[50]), "a"),
            Case("duplicate key", Entry("a", U32, 2).UInt32(1).Entry("a", U32).UInt32(1), "a"),
            Case("bool of 2", new GgufBytes().Header(0, 1).Entry("a", Bool).Raw(2), "a"),
            Case("text too long", new GgufBytes().Header(0, 1).Entry("a", Text).UInt64(Huge).Raw(new byte[50]), "a"),
            Case("text of 2^64 - 1", new GgufBytes().Header(0, 1).Entry("a", Text).UInt64(ulong.MaxValue).Raw(1), "a"),
            Case("array too long", Entry("a", ArrayOf).UInt32(U32).UInt64(Huge).Raw(1), "a"),
            Case("array in array", Entry("a", ArrayOf).UInt32(ArrayOf).UInt64(1).Raw(1), "a"),
            Case("array of unknown", Entry("a", ArrayOf).UInt32(99).UInt64(1).Raw(1), "a"),
            Case("alignment 0", Aligned(0).Tensor("t", [8]).Data(32), "general.alignment"),
            Case("alignment 24", Aligned(24).Tensor("t", [8]).Data(32), "general.alignment"),
            Case("alignment too large", Aligned(1 << 17).Tensor("t", [8]).Data(32), "general.alignment"),
            Case("tensor name too long", Tensors(1).UInt64(300).Raw(new byte[400]), "tensor name 0"),
            Case("no dimension", Tensors(1).Tensor("t", []).Data(64), "t"),
            Case("five dimensions", Tensors(1).Tensor("t", [1, 1, 1, 1, 1]).Data(64), "t"),
            Case("dimension 0", Tensors(1).Tensor("t", [8, 0]).Data(64), "t"),
            Case("negative dimension", Tensors(1).Tensor("t", [8, ulong.MaxValue]).Data(64), "t"),
            Case("too many elements", Tensors(1).Tensor("t", [Wide, Wide, Wide, Wide]).Data(64), "t"),
            Case("elements wrap to few", Tensors(1).Tensor("t", [1UL << 32, 1UL << 32, 1UL << 32, 1]).Data(64), "t"),
            Case("unknown type", Tensors(1).Tensor("t", [8], type: 4).Data(64), "t"),
            Case("negative type", Tensors(1).Tensor("t", [8], type: uint.MaxValue).Data(64), "t"),
            Case("row of half a block", Tensors(1).Tensor("t", [48], type: 8).Data(64), "t"),
            Case("offset not aligned", Tensors(1).Tensor("t", [8], offset: 8).Data(64), "t"),
            Case("offset beyond all", Tensors(1).Tensor("t", [8], offset: ulong.MaxValue - 31).Data(64), "t"),
            Case("duplicate tensor", Tensors(2).Tensor("t", [8]).Tensor("t", [8], offset: 32).Data(64), "t"),
            Case("overlap", Tensors(2).Tensor("t", [16]).Tensor("u", [8], offset: 32).Data(128), "u"),
            Case("descending", Tensors(2).Tensor("t", [8], offset: 32).Tensor("u", [8]).Data(64), "u"),
            Case("data too short", Tensors(1).Tensor("t", [8]).Data(31), "t"),
            Case("data missing", Tensors(1).Tensor("t", [8]), "t"),
            Case("data end overflows", Tensors(1).Tensor("t", [Wide, 256], offset: (1UL << 61) - 32).Data(64), "t"),
            Case("no architecture", new GgufBytes().Header(0, 0), "general.architecture"),
        ];
    }

    private static ModelFile OpenFile(byte[] bytes)
    {
        string path = Path.GetTempFileName();

        try
        {
            File.WriteAllBytes(path, bytes);
            return ModelFile.Open(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] HeaderOf(byte[] model)
    {
        string path = Path.GetTempFileName();

        try
        {
            File.WriteAllBytes(path, model);
            using var file = GgufFile.Open(path);
            return file.Header.ToArray();
        }
        finally
        {
            File.Delete(path);
        }
    }
}
