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
