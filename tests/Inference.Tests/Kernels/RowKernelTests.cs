using System.Runtime.Intrinsics;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>
/// Laws of what works on rows: vectors agree with the specification bit for bit, at any length, anywhere in memory, for
/// any floats. Only which not-a-number it is stays open: a row that holds one is refused after its block.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class RowKernelTests
{
    private const int CountMax = 150;
    private const int RowStride = CountMax + 50;
    private const float Untouched = 12345.678f;

    private delegate void Row(float* x, float* y, float* z, int count, float* output);

    [Test]
    public void Rms_norm_agrees([Values(0f, 1e-5f)] float epsilon)
        => Agree(
            (x, y, _, n, output) => RmsNorm.Scalar(x, y, epsilon, n, output),
            (x, y, _, n, output) => RmsNorm.Vector(x, y, epsilon, n, output));

    [Test]
    public void Layer_norm_agrees([Values(0f, 1e-5f)] float epsilon)
        => Agree(
            (x, y, z, n, output) => LayerNorm.Scalar(x, y, z, epsilon, n, output),
            (x, y, z, n, output) => LayerNorm.Vector(x, y, z, epsilon, n, output));

    [Test]
    public void Swi_glu_agrees()
        => Agree(
            (x, y, _, n, output) => SwiGlu.Scalar(x, y, n, output),
            (x, y, _, n, output) => SwiGlu.Vector(x, y, n, output));

    [Test]
    public void Ge_glu_agrees()
        => Agree(
            (x, y, _, n, output) => GeGlu.Scalar(x, y, n, output),
            (x, y, _, n, output) => GeGlu.Vector(x, y, n, output));

    [Test]
    public void Clamped_swi_glu_agrees()
        => Agree(
            (x, y, _, n, output) => ClampedSwiGlu.Scalar(x, y, n, output),
            (x, y, _, n, output) => ClampedSwiGlu.Vector(x, y, n, output));

    [Test]
    public void Gelu_agrees()
        => Agree(
            (x, _, _, n, output) => Gelu.Scalar(x, n, output),
            (x, _, _, n, output) => Gelu.Vector(x, n, output));

    [Test]
    public void Sigmoid_agrees()
        => Agree(
            (x, y, _, n, output) => Sigmoid.Scalar(x, y, n, output),
            (x, y, _, n, output) => Sigmoid.Vector(x, y, n, output));

    [Test]
    public void Unit_length_agrees()
        => Agree(
            (x, _, z, n, _) => UnitLength.Row(x, 1e-6f, z[0], n, vectors: false),
            (x, _, z, n, _) => UnitLength.Row(x, 1e-6f, z[0], n, vectors: true));

    [Test]
    public void Softcap_agrees([Values(0f, 0.3f, 30f)] float cap)
        => Agree(
            (x, _, z, n, _) => Softcap.Scalar(x, z[0], cap, n),
            (x, _, z, n, _) => Softcap.Vector(x, z[0], cap, n));

    [Test]
    public void Powers_of_e_agree_one_by_one_sixteen_and_four_times_sixteen_at_once()
    {
        Row one = (x, _, _, n, output) => Each(x, n, output, Exp.Scalar);
        Agree(one, (x, _, _, n, output) => Sixteens(x, n, output, Exp.Scalar, Exp.Lanes));
        Agree(one, (x, _, _, n, output) => FourSixteens(x, n, output));
    }

    [Test]
    public void Tanh_agrees()
        => Agree(
            (x, _, _, n, output) => Each(x, n, output, Tanh.Scalar),
            (x, _, _, n, output) => Sixteens(x, n, output, Tanh.Scalar, Tanh.Lanes));

    [Test]
    public void Sums_and_scales_are_those_of_each_element_alone()
    {
        Agree(
            (x, y, _, n, _) => Each(n, i => x[i] += y[i]),
            (x, y, _, n, _) => Sum.Into(x, y, n));
        Agree(
            (x, y, z, n, _) => Each(n, i => x[i] = MathF.FusedMultiplyAdd(y[i], *z, x[i])),
            (x, y, z, n, _) => Sum.Scaled(x, y, *z, n));
        Agree(
            (x, _, z, n, _) => Each(n, i => x[i] *= *z),
            (x, _, z, n, _) => Scale.Row(x, *z, n));
    }

    [Test]
    public void A_row_is_finite_when_each_element_is()
        => Agree(
            (x, _, z, n, _) => *z = new Span<float>(x, n).ToArray().All(float.IsFinite) ? 1 : 0,
            (x, _, z, n, _) => *z = Finite.All(x, n) ? 1 : 0);

    [Test]
    public void Every_column_of_the_delta_rule_is_what_it_is_alone()
        => Prop.ForAll(
            (from rows in Gen.Choose(1, 12)
             from columns in Gen.Choose(1, 50)
             from matrix in RowGen.Row(rows * columns)
             from asked in RowGen.Row(2 * rows)
             from value in RowGen.Row(columns)
             from decay in RowGen.Number
             from rate in RowGen.Number
             select (rows, columns, matrix, asked, value, decay, rate)).ToArbitrary(),
            made => Columns(made.rows, made.columns, made.matrix, made.asked, made.value, made.decay, made.rate))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Test]
    public void Every_channel_of_a_convolution_is_what_it_is_alone()
        => Prop.ForAll(
            (from taps in Gen.Choose(1, 5)
             from channels in Gen.Choose(1, 60)
             from first in Gen.Choose(0, channels)
             from last in Gen.Choose(first, channels)
             from tail in RowGen.Row((taps - 1) * channels)
             from weights in RowGen.Row(taps * channels)
             from input in RowGen.Row(channels)
             from inPlace in Gen.Elements(false, true)
             select (taps, first, last, tail, weights, input, inPlace)).ToArbitrary(),
            made => Channels(made.taps, made.first, made.last, made.tail, made.weights, made.input, made.inPlace))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Test]
    public void Quantizing_agrees_whatever_the_floats([Values(32, 256)] int length)
        => Prop.ForAll(
            RowGen.Row(length).ToArbitrary(),
            row =>
            {
                sbyte* left = stackalloc sbyte[256];
                sbyte* right = stackalloc sbyte[256];
                int* leftPairs = stackalloc int[16];
                int* rightPairs = stackalloc int[16];

                fixed (float* source = row)
                {
                    float scale = QuantizedBlock.Scalar(source, length, left, leftPairs);
                    Assert.That(Same(QuantizedBlock.Vector(source, length, right, rightPairs), scale));

                    // Poison spoils a block whatever its bytes are.
                    Assert.That(
                        float.IsNaN(scale)
                        || (new Span<sbyte>(left, length).SequenceEqual(new Span<sbyte>(right, length))
                            && new Span<int>(leftPairs, length / 16)
                                .SequenceEqual(new Span<int>(rightPairs, length / 16))));
                }
            })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Test]
    public void Quantizing_agrees_and_rounds_halves_to_even([Values(32, 256)] int length)
    {
        float* source = stackalloc float[256];
        sbyte* left = stackalloc sbyte[256];
        sbyte* right = stackalloc sbyte[256];
        int* leftPairs = stackalloc int[16];
        int* rightPairs = stackalloc int[16];
        var random = new Random(3);

        for (int round = 0; round < 2000; round++)
        {
            float size = MathF.Pow(10, random.Next(-44, 38));

            for (int i = 0; i < length; i++)
            {
                // Halves of the step on purpose.
                source[i] = round % 2 == 0 ? (random.NextSingle() - 0.5f) * size : random.Next(-254, 255) / 2f;
            }

            source[0] = round % 2 == 0 ? source[0] : 127;
            float scale = QuantizedBlock.Scalar(source, length, left, leftPairs);
            float other = QuantizedBlock.Vector(source, length, right, rightPairs);
            Assert.That(Same(scale, other), $"round {round}");

            for (int i = 0; i < length; i++)
            {
                Assert.That(right[i], Is.EqualTo(left[i]));
                Assert.That(left[i], Is.Not.EqualTo(-128));
                Assert.That(rightPairs[i / 16], Is.EqualTo(leftPairs[i / 16]));

                if (round % 2 != 0)
                {
                    Assert.That(left[i], Is.EqualTo((sbyte)Math.Round(source[i], MidpointRounding.ToEven)));
                }
            }
        }
    }

    [TestCase(0f, 0f)]
    [TestCase(1e-44f, 0f)]
    [TestCase(8_323_000f, 8_323_000f / 127)]
    [TestCase(8_323_073f, float.NaN)]
    [TestCase(float.MaxValue, float.NaN)]
    [TestCase(float.PositiveInfinity, float.NaN)]
    [TestCase(float.NaN, float.NaN)]
    public void Blocks_too_small_are_zero_and_too_large_are_poison(float largest, float expected)
    {
        float* source = stackalloc float[32];
        sbyte* quants = stackalloc sbyte[32];
        source[5] = largest;
        int* pairs = stackalloc int[2];
        float scale = QuantizedBlock.Scalar(source, 32, quants, pairs);
        float other = QuantizedBlock.Vector(source, 32, quants, pairs);
        Assert.That(scale, Is.EqualTo(expected));
        Assert.That(other, Is.EqualTo(expected));
    }

    private static void Columns(
        int rows, int columns, float[] matrix, float[] asked, float[] value, float decay, float rate)
    {
        float[] after = [.. matrix];
        float[] output = new float[columns];
        float[] alone = new float[rows];

        fixed (float* m = after, a = asked, v = value, o = output, one = alone)
        {
            DeltaRule.Step(m, a, a + rows, v, decay, rate, rows, columns, o);

            for (int column = 0; column < columns; column++)
            {
                float answer;

                for (int row = 0; row < rows; row++)
                {
                    alone[row] = matrix[(row * columns) + column];
                }

                DeltaRule.Step(one, a, a + rows, v + column, decay, rate, rows, 1, &answer);
                AssertSame(output[column], answer, column);

                for (int row = 0; row < rows; row++)
                {
                    AssertSame(after[(row * columns) + column], alone[row], column);
                }
            }
        }
    }

    private static void Channels(
        int taps, int first, int last, float[] tail, float[] weights, float[] input, bool inPlace)
    {
        int channels = input.Length;
        float[] inputs = [.. tail, .. input];
        float[] kept = [.. tail, Untouched];
        float[] output = inPlace ? [.. input] : [.. Enumerable.Repeat(Untouched, channels)];

        fixed (float* t = kept, i = input, w = weights, o = output)
        {
            CausalConvolution.Step(t, inPlace ? o : i, w, taps, channels, first, last, o);
        }

        for (int channel = 0; channel < channels; channel++)
        {
            bool isMine = channel >= first && channel < last;
            float sum = 0;

            for (int tap = 0; tap < taps; tap++)
            {
                int at = (tap * channels) + channel;
                sum = MathF.FusedMultiplyAdd(weights[at], inputs[at], sum);

                if (tap < taps - 1)
                {
                    AssertSame(kept[at], inputs[isMine ? at + channels : at], channel);
                }
            }

            AssertSame(output[channel], isMine ? sum : inPlace ? input[channel] : Untouched, channel);
        }

        Assert.That(kept[^1], Is.EqualTo(Untouched));
    }

    private static void Each(float* x, int count, float* output, Func<float, float> function)
        => Each(count, i => output[i] = function(x[i]));

    private static void Each(int count, Action<int> action)
    {
        for (int i = 0; i < count; i++)
        {
            action(i);
        }
    }

    private static void Sixteens(
        float* x, int count, float* output, Func<float, float> one, Func<Vector512<float>, Vector512<float>> lanes)
    {
        int whole = count & -16;

        for (int i = 0; i < whole; i += 16)
        {
            lanes(Vector512.Load(x + i)).Store(output + i);
        }

        Each(x + whole, count - whole, output + whole, one);
    }

    private static void FourSixteens(float* x, int count, float* output)
    {
        int whole = count & -64;

        for (int i = 0; i < whole; i += 64)
        {
            (Vector512<float> x0, Vector512<float> x1) = (Vector512.Load(x + i), Vector512.Load(x + i + 16));
            (Vector512<float> x2, Vector512<float> x3) = (Vector512.Load(x + i + 32), Vector512.Load(x + i + 48));
            Exp.Lanes(ref x0, ref x1, ref x2, ref x3);
            x0.Store(output + i);
            x1.Store(output + i + 16);
            x2.Store(output + i + 32);
            x3.Store(output + i + 48);
        }

        Each(x + whole, count - whole, output + whole, Exp.Scalar);
    }

    private static void Agree(Row specification, Row vectors)
        => Prop.ForAll(
            (from count in Gen.Choose(1, CountMax)
             from x in RowGen.Row(count)
             from y in RowGen.Row(count)
             from z in RowGen.Row(count)
             from offsets in Gen.ArrayOf(Gen.Choose(0, 16), 4)
             from onto in Gen.Choose(0, 3)
             select (rows: new float[][] { x, y, z, [] }, offsets, onto)).ToArbitrary(),
            made => Agree(specification, vectors, made.rows, made.offsets, made.onto))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // Each begins anywhere in a vector; the output is a row of its own, or lies on one of the inputs.
    private static void Agree(Row specification, Row vectors, float[][] rows, int[] offsets, int onto)
    {
        using NativeBuffer expected = Run(specification, rows, offsets, onto);
        using NativeBuffer found = Run(vectors, rows, offsets, onto);

        // What lies beside the rows is a part of it.
        for (int i = 0; i < rows.Length * RowStride; i++)
        {
            AssertSame(found.Floats[i], expected.Floats[i], i);
        }
    }

    private static NativeBuffer Run(Row row, float[][] rows, int[] offsets, int onto)
    {
        var memory = NativeBuffer.OfFloats(rows.Length * RowStride);
        new Span<float>(memory.Floats, rows.Length * RowStride).Fill(Untouched);

        for (int i = 0; i < rows.Length; i++)
        {
            rows[i].CopyTo(new Span<float>(At(i), rows[i].Length));
        }

        row(At(0), At(1), At(2), rows[0].Length, At(onto));
        return memory;

        float* At(int i) => memory.Floats + (i * RowStride) + offsets[i];
    }

    private static void AssertSame(float found, float expected, int at)
    {
        if (!Same(found, expected))
        {
            Assert.Fail($"{at}: {found:R} and not {expected:R}");
        }
    }

    private static bool Same(float left, float right)
        => BitConverter.SingleToInt32Bits(left) == BitConverter.SingleToInt32Bits(right)
            || (float.IsNaN(left) && float.IsNaN(right));
}
