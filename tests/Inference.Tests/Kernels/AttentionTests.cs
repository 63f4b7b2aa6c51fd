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
    [Test]
    public void Vectors_agree_with_the_specification_and_it_with_doubles()
    {
        Prop.ForAll(
            (from key in Gen.Choose(1, 70)
             from value in Gen.Choose(1, 150)
             from count in Gen.Choose(1, 200)
             from window in Gen.OneOf(Gen.Constant(0), Gen.Choose(1, 150))
             from softcap in Gen.Elements(0f, 0.3f, 5f)
             from sink in Gen.Elements<float?>(null, -2f, 3f)
             from seed in Gen.Choose(0, 1 << 30)
             let spec = new AttentionSpec(key, value, 0.5f, softcap, window)
             select (spec, count, sink, seed)).ToArbitrary(),
            shape =>
            {
                Attend<F32>(shape.spec, shape.count, shape.sink, shape.seed);
                Attend<F16>(shape.spec, shape.count, shape.sink, shape.seed);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private static void Attend<TFormat>(AttentionSpec spec, int count, float? sink, int seed)
        where TFormat : struct, IFloatFormat
    {
        int rows = (count + Attention.Chunk - 1) / Attention.Chunk * Attention.Chunk;
        var random = new Random(seed);
        using var keys = new NativeBuffer((long)rows * spec.KeySize * TFormat.Size);
        using var values = new NativeBuffer((long)rows * Attention.Padded(spec.ValueSize) * TFormat.Size);
        using var query = NativeBuffer.OfFloats(spec.KeySize);
        using var expected = NativeBuffer.OfFloats(spec.ValueSize);
        using var output = NativeBuffer.OfFloats(spec.ValueSize);
        Fill<TFormat>(keys, random);
        Fill<TFormat>(values, random);
        Fill<F32>(query, random);
        var head = new AttentionHead(keys.Pointer, values.Pointer, spec, sink);
        Attention.Scalar<TFormat>(head, query.Floats, count, expected.Floats);
        Attention.Vector<TFormat>(head, query.Floats, count, output.Floats);
        double[] exact = Exact<TFormat>(head, query.Floats, count);

        for (int i = 0; i < spec.ValueSize; i++)
        {
            Assert.That(
                BitConverter.SingleToInt32Bits(output.Floats[i]),
                Is.EqualTo(BitConverter.SingleToInt32Bits(expected.Floats[i])),
                $"{output.Floats[i]} for {expected.Floats[i]}");
            Assert.That(expected.Floats[i], Is.EqualTo(exact[i]).Within(2e-5));
        }
    }

    private static double[] Exact<TFormat>(AttentionHead head, float* query, int count)
        where TFormat : struct, IFloatFormat
    {
        double[] output = new double[head.ValueSize];
        double total = head.Sink is { } sink ? Math.Exp(sink) : 0;

        for (int j = head.Spec.Window == 0 ? 0 : Math.Max(0, count - head.Spec.Window); j < count; j++)
        {
            double score = 0;

            for (int d = 0; d < head.KeySize; d++)
            {
                score += (double)query[d] * TFormat.One(head.Key<TFormat>(j) + (d * Attention.Tile * TFormat.Size));
            }

            score *= head.Spec.Scale;
            score = head.Spec.Softcap == 0 ? score : head.Spec.Softcap * Math.Tanh(score / head.Spec.Softcap);
            double weight = Math.Exp(score);
            total += weight;

            for (int d = 0; d < head.ValueSize; d++)
            {
                output[d] += weight * TFormat.One(head.Value<TFormat>(j) + (d * TFormat.Size));
            }
        }

        return [.. output.Select(value => value / total)];
    }

    private static void Fill<TFormat>(NativeBuffer buffer, Random random)
        where TFormat : struct, IFloatFormat
    {
        for (long i = 0; i < buffer.Bytes / TFormat.Size; i++)
        {
            float number = (random.NextSingle() - 0.5f) * 4;

            if (TFormat.Size == sizeof(float))
            {
                buffer.Floats[i] = number;
            }
            else
            {
                ((Half*)buffer.Pointer)[i] = (Half)number;
            }
        }
    }
}
