using System.Runtime.Intrinsics;
using NUnit.Framework;
using Swarm.Inference.Kernels;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Our own elementary functions, against the platform's in double.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class FunctionTests
{
    // Of each binade: so many dense steps, and as many mantissas at random.
    private const int Steps = 512;

    // The error that each function's documentation states, in units in the last place of the true value.
    private static readonly Function[] Functions =
    [
        new("exp", 1, Exp.Scalar, Exp.Lanes, Math.Exp, float.NegativeInfinity),
        new("tanh", 1.5, Tanh.Scalar, Tanh.Lanes, Math.Tanh, float.NegativeInfinity),
        new("softplus", 0.51, Softplus.One, null, ExactSoftplus, float.NegativeInfinity),

        // Below -87 the power overflows before its inverse leaves the normal numbers.
        new("sigmoid", 2.5, Sigmoid.One, null, x => 1 / (1 + Math.Exp(-x)), -87),
        new("silu", 3, Silu, null, x => x / (1 + Math.Exp(-x)), -87),

        // The error of a power grows with its argument.
        new("gelu", 3, Gelu.One, Gelu.Lanes, ExactGelu, -1),
        new("gelu further down", 150, Gelu.One, Gelu.Lanes, ExactGelu, -10),
    ];

    private static IEnumerable<string> Names => Functions.Select(function => function.Name);

    [Test]
    public void Errors_are_as_stated_in_every_binade_and_lanes_agree([ValueSource(nameof(Names))] string name)
    {
        Function function = Functions.First(function => function.Name == name);
        var random = new Random(11);
        double worst = 0;

        for (uint binade = 0; binade < 512; binade++)
        {
            for (uint step = 0; step < Steps; step++)
            {
                uint dense = (binade << 23) + (step * ((1u << 23) / Steps));
                worst = Math.Max(worst, function.Off(dense));
                worst = Math.Max(worst, function.Off((binade << 23) + (uint)random.Next(1 << 23)));
            }
        }

        TestContext.Out.WriteLine($"{name}: worst {worst:F3} ulp");
        Assert.That(worst, Is.LessThanOrEqualTo(function.UlpMax));
    }

    [Test]
    [Explicit("Four billion numbers take some minutes per function.")]
    public void Errors_are_as_stated_for_every_float([ValueSource(nameof(Names))] string name)
    {
        Function function = Functions.First(function => function.Name == name);
        double worst = Enumerable.Range(0, 512).AsParallel().Max(binade =>
        {
            double most = 0;

            for (uint mantissa = 0; mantissa < 1 << 23; mantissa++)
            {
                most = Math.Max(most, function.Off(((uint)binade << 23) + mantissa));
            }

            return most;
        });

        TestContext.Out.WriteLine($"{name}: worst {worst:F3} ulp");
        Assert.That(worst, Is.LessThanOrEqualTo(function.UlpMax));
    }

    [TestCase(float.NegativeInfinity, 0f, -1f, 0f)]
    [TestCase(-1000f, 0f, -1f, 0f)]
    [TestCase(-0f, 1f, -0f, 0.693147182f)]
    [TestCase(0f, 1f, 0f, 0.693147182f)]
    [TestCase(float.Epsilon, 1f, float.Epsilon, 0.693147182f)]
    [TestCase(89f, float.PositiveInfinity, 1f, 89f)]
    [TestCase(float.PositiveInfinity, float.PositiveInfinity, 1f, float.PositiveInfinity)]
    [TestCase(float.NaN, float.NaN, float.NaN, float.NaN)]
    public void Functions_end_as_they_should(float x, float exp, float tanh, float softplus)
    {
        Assert.That(Exp.Scalar(x), Is.EqualTo(exp));
        Assert.That(Exp.Lanes(Vector512.Create(x))[3], Is.EqualTo(exp));
        Assert.That(Tanh.Scalar(x), Is.EqualTo(tanh));
        Assert.That(float.IsNegative(Tanh.Scalar(x)) == float.IsNegative(tanh) || float.IsNaN(x));
        Assert.That(Tanh.Lanes(Vector512.Create(x))[3], Is.EqualTo(tanh));
        Assert.That(Softplus.One(x), Is.EqualTo(softplus));
    }

    private static float Silu(float x)
    {
        float one = 1;
        SwiGlu.Scalar(&x, &one, 1, &x);
        return x;
    }

    private static double ExactGelu(double x)
        => x / (1 + Math.Exp(-2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    private static double ExactSoftplus(double x)
    {
        double power = Math.Exp(-Math.Abs(x));
        double rest = power < 1e-5 ? power - (power * power / 2) + (power * power * power / 3) : Math.Log(1 + power);
        return Math.Max(x, 0) + rest;
    }

    /// <summary>A function of ours with what it should be.</summary>
    private sealed record Function(
        string Name,
        double UlpMax,
        Func<float, float> Scalar,
        Func<Vector512<float>, Vector512<float>>? Lanes,
        Func<double, double> Exact,
        float Lowest)
    {
        /// <summary>How far the result for these bits is from the true one; lanes must agree to the bit.</summary>
        public double Off(uint bits)
        {
            float x = BitConverter.UInt32BitsToSingle(bits);
            float result = Scalar(x);
            float lane = Lanes is null ? result : Lanes(Vector512.Create(x))[5];

            if (float.IsNaN(x))
            {
                return float.IsNaN(result) && float.IsNaN(lane) ? 0 : double.PositiveInfinity;
            }

            if (BitConverter.SingleToInt32Bits(result) != BitConverter.SingleToInt32Bits(lane))
            {
                throw new AssertionException($"{Name} {x:R}: lanes give {lane:R}, the specification {result:R}");
            }

            if (x < Lowest)
            {
                return 0;
            }

            double exact = Exact(x);
            float near = MathF.Abs((float)exact);

            // Beyond the largest float infinity is as right as that float.
            if (float.IsInfinity(result) || float.IsInfinity(near))
            {
                return near >= float.MaxValue && MathF.Abs(result) >= float.MaxValue ? 0 : double.PositiveInfinity;
            }

            return Math.Abs(result - exact) / (MathF.BitIncrement(near) - near);
        }
    }
}
