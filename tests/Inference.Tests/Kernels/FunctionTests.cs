using System.Runtime.Intrinsics;
using NUnit.Framework;
using Swarm.Inference.Kernels;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Our own elementary functions, against the platform's in double.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class FunctionTests
{
    [Test]
    public void Exp_is_within_two_ulp_over_its_whole_normal_range_and_lanes_agree()
    {
        double worst = 0;

        // Every 257th float from -87.3 to 88.7, both signs, ten million in all.
        for (uint bits = 0; bits < 0x42B2_0000; bits += 257 * 16)
        {
            Vector512<float> lanes = Exp.Lanes(Vector512.Create(Indexed(bits, 1)));
            Vector512<float> mirrored = Exp.Lanes(Vector512.Create(Indexed(bits, -1)));

            for (int lane = 0; lane < 16; lane++)
            {
                float x = BitConverter.UInt32BitsToSingle(bits + (257u * (uint)lane));
                worst = Math.Max(worst, UlpOff(x, lanes[lane]));
                worst = x < 87.3f ? Math.Max(worst, UlpOff(-x, mirrored[lane])) : worst;
            }
        }

        TestContext.Out.WriteLine($"worst {worst:F3} ulp");
        Assert.That(worst, Is.LessThanOrEqualTo(2));
    }

    [TestCase(float.NegativeInfinity, 0f)]
    [TestCase(-1000f, 0f)]
    [TestCase(0f, 1f)]
    [TestCase(-0f, 1f)]
    [TestCase(89f, float.PositiveInfinity)]
    [TestCase(float.PositiveInfinity, float.PositiveInfinity)]
    [TestCase(float.NaN, float.NaN)]
    public void Exp_ends_as_it_should(float x, float expected)
    {
        Assert.That(Exp.Scalar(x), Is.EqualTo(expected));
        Assert.That(Exp.Lanes(Vector512.Create(x))[3], Is.EqualTo(expected));
    }

    [Test]
    public void Tanh_is_within_two_ulp_over_its_whole_range_and_lanes_agree()
    {
        double worst = 0;

        for (uint bits = 0; bits < 0x7F80_0000; bits += 257 * 16)
        {
            Vector512<float> lanes = Tanh.Lanes(Vector512.Create(Indexed(bits, -1)));

            for (int lane = 0; lane < 16; lane++)
            {
                float x = BitConverter.UInt32BitsToSingle(bits + (257u * (uint)lane));
                float scalar = Tanh.Scalar(-x);

                if (!float.IsNaN(x))
                {
                    Assert.That(lanes[lane].Equals(scalar) && Tanh.Scalar(x).Equals(-scalar), $"tanh {-x:R}");
                    float exact = (float)Math.Tanh(x);
                    worst = Math.Max(worst, Math.Abs(scalar + Math.Tanh(x)) / (MathF.BitIncrement(exact) - exact));
                }
            }
        }

        TestContext.Out.WriteLine($"worst {worst:F3} ulp");
        Assert.That(worst, Is.LessThanOrEqualTo(2));
        Assert.That(float.IsNaN(Tanh.Scalar(float.NaN)) && float.IsNaN(Tanh.Lanes(Vector512.Create(float.NaN))[3]));
        Assert.That(float.IsNegative(Tanh.Scalar(-0f)) && float.IsNegative(Tanh.Lanes(Vector512.Create(-0f))[3]));
    }

    [Test]
    public void Sines_powers_and_logarithms_of_doubles_are_those_of_the_platform()
    {
        var random = new Random(5);

        for (int i = 0; i < 100_000; i++)
        {
            double angle = random.NextDouble() * Math.Pow(10, random.Next(-3, 6));
            (double sin, double cos) = DoubleMath.SinCos(angle);
            Assert.That(sin, Is.EqualTo(Math.Sin(angle)).Within(2e-15));
            Assert.That(cos, Is.EqualTo(Math.Cos(angle)).Within(2e-15));

            double value = Math.Pow(10, random.NextDouble() * 12 - 6);
            Assert.That(DoubleMath.Log(value), Is.EqualTo(Math.Log(value)).Within(4e-15));
            Assert.That(DoubleMath.Exp(-angle % 700) / Math.Exp(-angle % 700), Is.EqualTo(1).Within(1e-14));
            double power = -angle % 1;
            Assert.That(DoubleMath.Power(5e5, power) / Math.Pow(5e5, power), Is.EqualTo(1).Within(1e-13));
        }
    }

    private static float[] Indexed(uint bits, float sign)
        => [.. Enumerable.Range(0, 16).Select(i => sign * BitConverter.UInt32BitsToSingle(bits + (257u * (uint)i)))];

    private static double UlpOff(float x, float result)
    {
        float scalar = Exp.Scalar(x);

        if (BitConverter.SingleToInt32Bits(scalar) != BitConverter.SingleToInt32Bits(result))
        {
            Assert.Fail($"e^{x:R}: lanes give {result:R}, the specification {scalar:R}");
        }

        double exact = Math.Exp(x);
        double ulp = MathF.BitIncrement((float)exact) - (float)exact;
        return exact > float.MaxValue ? 0 : Math.Abs(result - exact) / ulp;
    }
}
