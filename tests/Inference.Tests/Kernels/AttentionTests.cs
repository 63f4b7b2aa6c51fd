using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Attention: vectors agree with the specification bit for bit, and it with plain sums of doubles.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class AttentionTests
{
    private static readonly KvFormat[] Formats = [new FloatKv<F32>(), new FloatKv<F16>(), new Q8Kv()];

    [Test]
    public void Queries_together_see_what_each_sees_alone_and_what_doubles_say([Range(0, 2)] int format)
    {
        Prop.ForAll(
            (from key in Gen.Choose(1, 70)
             from value in Gen.Choose(1, 150)
             from window in Gen.OneOf(Gen.Constant(0), Gen.Choose(1, 150))
             from softcap in Gen.Elements(0f, 0.3f, 5f)
             from sink in Gen.Elements<float?>(null, -2f, 3f)
             from last in Gen.Choose(1, 200)
             from count in Gen.Choose(1, Attention.QueriesMax)
             from seed in Gen.Choose(0, 1 << 30)
             let spec = new AttentionSpec(key, value, 0.5f, softcap, window)
             select (spec, sink, last, count, seed)).ToArbitrary(),
            shape => Attend(Formats[format], shape.spec, shape.sink, shape.last, shape.count, shape.seed))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Test]
    public void Stored_numbers_are_near_and_export_and_import_change_no_bit([Range(0, 2)] int format)
    {
        var random = new Random(7);
        byte* exported = stackalloc byte[1024];
        byte* again = stackalloc byte[1024];

        for (int size = 1; size < 150; size++)
        {
            KvFormat kv = Formats[format];
            int row = random.Next(Attention.Chunk);
            float[] numbers = [.. Enumerable.Range(0, size).Select(_ => (random.NextSingle() - 0.5f) * 8)];
            using var chunk = new NativeBuffer(kv.KeyBytes(size));
            using var other = new NativeBuffer(kv.KeyBytes(size));
            using var values = new NativeBuffer(kv.ValueBytes(size));
            using var room = NativeBuffer.OfFloats(Attention.Chunk * Attention.Padded(size));

            fixed (float* source = numbers)
            {
                Assert.That(kv.StoreKey(chunk.Pointer, row, source, size));
                Assert.That(kv.StoreValue(values.Pointer, row, source, size));
            }

            kv.ExportKey(chunk.Pointer, row, size, exported);
            kv.ExportValue(values.Pointer, row, size, again);
            AssertSame(exported, again, kv.ExportedBytes(size));
            Assert.That(kv.ImportKey(other.Pointer, 63 - row, size, exported));
            kv.ExportKey(other.Pointer, 63 - row, size, again);
            AssertSame(exported, again, kv.ExportedBytes(size));
            float* kept = kv.Values(values.Pointer, size, room.Floats, vectors: true) + (row * Attention.Padded(size));

            for (int d = 0; d < size; d++)
            {
                Assert.That(kept[d], Is.EqualTo(numbers[d]).Within(format == 2 ? 4.01 / 127 / 2 : 4.0 / 2048));
            }
        }
    }

    [Test]
    public void Numbers_that_no_cache_holds_are_refused([Range(0, 2)] int format, [Values] bool key)
    {
        KvFormat kv = Formats[format];
        using var chunk = new NativeBuffer(Math.Max(kv.KeyBytes(40), kv.ValueBytes(40)));
        float* numbers = stackalloc float[40];

        foreach (float poison in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            new Span<float>(numbers, 40).Fill(1);
            numbers[35] = poison;
            Assert.That(
                key ? kv.StoreKey(chunk.Pointer, 3, numbers, 40) : kv.StoreValue(chunk.Pointer, 3, numbers, 40),
                Is.False);
        }

        byte* bytes = stackalloc byte[kv.ExportedBytes(40)];
        new Span<byte>(bytes, kv.ExportedBytes(40)).Fill(0xFF);
        Assert.That(
            key ? kv.ImportKey(chunk.Pointer, 3, 40, bytes) : kv.ImportValue(chunk.Pointer, 3, 40, bytes), Is.False);
    }

    [Test]
    public void A_scale_that_rounds_to_nothing_makes_a_block_of_zeros()
    {
        var kv = new Q8Kv();
        using var chunk = new NativeBuffer(kv.ValueBytes(4));
        using var room = NativeBuffer.OfFloats(Attention.Chunk * 16);
        float* numbers = stackalloc float[] { 1e-6f, -1e-6f, 0, 1e-9f };
        Assert.That(kv.StoreValue(chunk.Pointer, 0, numbers, 4));
        Assert.That(new Span<float>(kv.Values(chunk.Pointer, 4, room.Floats, true), 4).ToArray(), Is.All.Zero);
        numbers[0] = 127 * 65504f;
        Assert.That(kv.StoreValue(chunk.Pointer, 0, numbers, 4));
        numbers[0] = 127 * 65520f;
        Assert.That(kv.StoreValue(chunk.Pointer, 0, numbers, 4), Is.False);
    }

    // The last of the queries stands at position last - 1, the others before it, some heads at the same one.
    private static void Attend(KvFormat format, AttentionSpec spec, float? sink, int last, int count, int seed)
    {
        var random = new Random(seed);
        using var memory = new Chunks(format, spec, last, random);
        using var scratch = new AttentionScratch(spec.KeySize, spec.ValueSize);
        using NativeBuffer asked = Numbers(random, count * spec.KeySize);
        using var output = NativeBuffer.OfFloats(2 * count * spec.ValueSize);
        AttentionQuery* queries = stackalloc AttentionQuery[count];
        int heads = random.Next(1, 5);

        for (int i = 0; i < count; i++)
        {
            queries[i] = new AttentionQuery
            {
                Query = asked.Floats + (i * spec.KeySize),
                Output = output.Floats + (i * spec.ValueSize),
                Count = Math.Max(1, last - ((count - 1 - i) / heads)),
                Sink = sink,
            };
        }

        Attention.Vector(memory.Head, spec, queries, count, scratch);

        for (int i = 0; i < count; i++)
        {
            float* together = queries[i].Output;
            queries[i].Output = together + (count * spec.ValueSize);
            Attention.Scalar(memory.Head, spec, queries + i, 1, scratch);
            AssertSame((byte*)together, (byte*)queries[i].Output, spec.ValueSize * sizeof(float));
            double[] exact = memory.Exact(spec, queries[i]);

            for (int d = 0; d < spec.ValueSize; d++)
            {
                Assert.That(together[d], Is.EqualTo(exact[d]).Within(2e-5));
            }
        }
    }

    private static NativeBuffer Numbers(Random random, int count)
    {
        var buffer = NativeBuffer.OfFloats(count);

        for (int i = 0; i < count; i++)
        {
            buffer.Floats[i] = (random.NextSingle() - 0.5f) * 4;
        }

        return buffer;
    }

    private static void AssertSame(byte* left, byte* right, int count)
        => Assert.That(new Span<byte>(left, count).SequenceEqual(new Span<byte>(right, count)));

    /// <summary>Keys and values of some positions; memory beyond them holds anything.</summary>
    private sealed class Chunks : IDisposable
    {
        private readonly List<NativeBuffer> _memory = [];
        private readonly NativeBuffer _places;
        private readonly KvFormat _format;

        public Chunks(KvFormat format, AttentionSpec spec, int positions, Random random)
        {
            _format = format;
            int chunks = (positions + Attention.Chunk - 1) / Attention.Chunk;
            _places = new NativeBuffer(chunks * sizeof(byte*));
            Head = new KvHead(format, (byte**)_places.Pointer, 64, 64 + format.KeyBytes(spec.KeySize));

            for (int chunk = 0; chunk < chunks; chunk++)
            {
                _memory.Add(
                    new NativeBuffer(64 + format.KeyBytes(spec.KeySize) + format.ValueBytes(spec.ValueSize)));
                _memory[chunk].Span.Fill(0xFF);
                ((byte**)_places.Pointer)[chunk] = _memory[chunk].Pointer;
            }

            for (int position = 0; position < positions; position++)
            {
                using NativeBuffer key = Numbers(random, spec.KeySize);
                using NativeBuffer value = Numbers(random, spec.ValueSize);
                int row = position % Attention.Chunk;
                _ = format.StoreKey(Head.Keys(position / Attention.Chunk), row, key.Floats, spec.KeySize);
                _ = format.StoreValue(Head.Values(position / Attention.Chunk), row, value.Floats, spec.ValueSize);
            }
        }

        public KvHead Head { get; }

        public double[] Exact(AttentionSpec spec, AttentionQuery query)
        {
            using var room = NativeBuffer.OfFloats(
                Attention.Chunk * (spec.KeySize + Attention.Padded(spec.ValueSize)));
            double[] output = new double[spec.ValueSize];
            double total = query.Sink is { } sink ? Math.Exp(sink) : 0;

            for (int j = spec.Window == 0 ? 0 : Math.Max(0, query.Count - spec.Window); j < query.Count; j++)
            {
                int row = j % Attention.Chunk;
                float* keys = _format.Keys(Head.Keys(j / Attention.Chunk), spec.KeySize, room.Floats, vectors: false);
                double score = 0;

                for (int d = 0; d < spec.KeySize; d++)
                {
                    score += (double)query.Query[d] * keys[(row / 16 * 16 * spec.KeySize) + (row % 16) + (d * 16)];
                }

                score *= spec.Scale;
                score = spec.Softcap == 0 ? score : spec.Softcap * Math.Tanh(score / spec.Softcap);
                total += Math.Exp(score);
                float* values = _format.Values(
                    Head.Values(j / Attention.Chunk), spec.ValueSize, room.Floats, vectors: false);

                for (int d = 0; d < spec.ValueSize; d++)
                {
                    output[d] += Math.Exp(score) * values[(row * Attention.Padded(spec.ValueSize)) + d];
                }
            }

            return [.. output.Select(value => value / total)];
        }

        public void Dispose()
        {
            _memory.ForEach(memory => memory.Dispose());
            _places.Dispose();
        }
    }
}
