using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Laws of what works on rows: vectors agree with the specification bit for bit, at any length.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class RowKernelTests
{
    private delegate void Row(float* x, float* y, float* z, int count, float* output);

    [Test]
    public void Rms_norm_agrees()
        => Agree(
            (x, y, _, n, output) => RmsNorm.Scalar(x, y, 1e-5f, n, output),
            (x, y, _, n, output) => RmsNorm.Vector(x, y, 1e-5f, n, output));

    [Test]
    public void Layer_norm_agrees()
        => Agree(
            (x, y, z, n, output) => LayerNorm.Scalar(x, y, z, 1e-5f, n, output),
            (x, y, z, n, output) => LayerNorm.Vector(x, y, z, 1e-5f, n, output));

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
    public void Sigmoid_agrees()
        => Agree(
            (x, y, _, n, output) => Sigmoid.Scalar(x, y, n, output),
            (x, y, _, n, output) => Sigmoid.Vector(x, y, n, output));

    [Test]
    public void Unit_length_agrees()
        => Agree(
            (x, _, _, n, output) => OnCopy(x, n, output, row => UnitLength.Row(row, 1e-6f, 2, n, vectors: false)),
            (x, _, _, n, output) => OnCopy(x, n, output, row => UnitLength.Row(row, 1e-6f, 2, n, vectors: true)));

    [Test]
    public void Softcap_agrees()
        => Agree(
            (x, _, _, n, output) => OnCopy(x, n, output, row => Softcap.Scalar(row, 0.5f, 30, n)),
            (x, _, _, n, output) => OnCopy(x, n, output, row => Softcap.Vector(row, 0.5f, 30, n)));

    [Test]
    public void Every_column_of_the_delta_rule_is_what_it_is_alone([Values(1, 15, 16, 17, 40)] int columns)
    {
        const int Rows = 7;
        var random = new Random(columns);
        using NativeBuffer matrix = Numbers(random, Rows * columns);
        using NativeBuffer asked = Numbers(random, 2 * Rows);
        using NativeBuffer value = Numbers(random, columns);
        using var output = NativeBuffer.OfFloats(columns);
        float* alone = stackalloc float[Rows];
        float[] before = new Span<float>(matrix.Floats, Rows * columns).ToArray();
        DeltaRule.Step(
            matrix.Floats, asked.Floats, asked.Floats + Rows, value.Floats, 0.9f, 0.4f, Rows, columns, output.Floats);

        for (int column = 0; column < columns; column++)
        {
            float answer;

            for (int row = 0; row < Rows; row++)
            {
                alone[row] = before[(row * columns) + column];
            }

            DeltaRule.Step(
                alone, asked.Floats, asked.Floats + Rows, value.Floats + column, 0.9f, 0.4f, Rows, 1, &answer);
            Assert.That(Same(output.Floats[column], answer), $"column {column}");
            Assert.That(Same(matrix.Floats[column], alone[0]), $"column {column}");
        }
    }

    [Test]
    public void Every_channel_of_a_convolution_is_what_it_is_alone([Values(1, 15, 16, 33)] int channels)
    {
        const int Taps = 3;
        var random = new Random(channels);
        using NativeBuffer tail = Numbers(random, Taps * channels);
        using NativeBuffer weights = Numbers(random, Taps * channels);
        using NativeBuffer input = Numbers(random, channels);
        using var output = NativeBuffer.OfFloats(channels);
        float[] before = new Span<float>(tail.Floats, Taps * channels).ToArray();
        CausalConvolution.Step(
            tail.Floats, input.Floats, weights.Floats, Taps, channels, 0, channels, output.Floats);

        for (int channel = 0; channel < channels; channel++)
        {
            float sum = MathF.FusedMultiplyAdd(weights.Floats[channel], before[channel], 0);
            sum = MathF.FusedMultiplyAdd(weights.Floats[channels + channel], before[channels + channel], sum);
            sum = MathF.FusedMultiplyAdd(weights.Floats[(2 * channels) + channel], input.Floats[channel], sum);
            Assert.That(Same(output.Floats[channel], sum), $"channel {channel}");
            Assert.That(Same(tail.Floats[channel], before[channels + channel]));
            Assert.That(Same(tail.Floats[channels + channel], input.Floats[channel]));
        }
    }

    [Test]
    public void Gelu_agrees()
        => Agree(
            (x, _, _, n, output) => Gelu.Scalar(x, n, output),
            (x, _, _, n, output) => Gelu.Vector(x, n, output));

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

    private delegate void InPlace(float* row);

    private static void OnCopy(float* x, int count, float* output, InPlace action)
    {
        new Span<float>(x, count).CopyTo(new Span<float>(output, count));
        action(output);
    }

    private static void Agree(Row scalar, Row vector)
    {
        var random = new Random(1);

        for (int count = 1; count < 200; count++)
        {
            using NativeBuffer x = Numbers(random, count);
            using NativeBuffer y = Numbers(random, count);
            using NativeBuffer z = Numbers(random, count);
            using var expected = NativeBuffer.OfFloats(count);
            using var output = NativeBuffer.OfFloats(count);
            scalar(x.Floats, y.Floats, z.Floats, count, expected.Floats);
            vector(x.Floats, y.Floats, z.Floats, count, output.Floats);

            for (int i = 0; i < count; i++)
            {
                Assert.That(Same(output.Floats[i], expected.Floats[i]), $"{i} of {count}");
            }
        }
    }

    private static NativeBuffer Numbers(Random random, int count)
    {
        var buffer = NativeBuffer.OfFloats(count);
        MatrixCase.Numbers(random, count).CopyTo(new Span<float>(buffer.Floats, count));
        return buffer;
    }

    private static bool Same(float left, float right)
        => BitConverter.SingleToInt32Bits(left) == BitConverter.SingleToInt32Bits(right)
            || (float.IsNaN(left) && float.IsNaN(right));
}
