using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Our own functions of doubles, in units in the last place of what 256 bits say.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class DoubleMathTests
{
    private const double HalfPi = Math.PI / 2;

    [Test]
    public void The_reference_knows_its_constants()
    {
        Assert.That(ExactMath.Near(ExactMath.HalfPi), Is.EqualTo(Math.PI / 2));
        Assert.That(ExactMath.Near(ExactMath.Ln2), Is.EqualTo(0.6931471805599453));
        (BigInteger sin, BigInteger cos) = ExactMath.SinCos(ExactMath.HalfPi / 3);
        Assert.That((double)BigInteger.Abs(ExactMath.One - (2 * sin)), Is.LessThan(1e4));
        Assert.That(
            (double)BigInteger.Abs(ExactMath.Times(sin, sin) + ExactMath.Times(cos, cos) - ExactMath.One),
            Is.LessThan(1e4));
        (BigInteger e, int exponent) = ExactMath.Exp(ExactMath.One);
        Assert.That(ExactMath.Near(e << exponent), Is.EqualTo(Math.E));
        (BigInteger seven, exponent) = ExactMath.Exp(ExactMath.Log(7));
        Assert.That((double)BigInteger.Abs((7 * ExactMath.One) - (seven << exponent)), Is.LessThan(1e8));
    }

    [Test]
    public void Sines_and_cosines_are_within_4_ulp_up_to_the_largest_angle_a_position_has()
    {
        var random = new Random(5);
        var worst = new Worst();

        // Every binade from the faintest turn to the last position.
        for (int binade = -60; binade < 30; binade++)
        {
            for (int i = 0; i < 100; i++)
            {
                double angle = Math.ScaleB(1 + random.NextDouble(), binade);
                Compare(worst, random.Next(2) == 0 ? angle : -angle);
            }
        }

        // Positions themselves: the angles of each model's first pair.
        for (int i = 0; i < 5000; i++)
        {
            Compare(worst, random.Next(i % 2 == 0 ? 1 << 17 : GgufLimits.ContextMax));
        }

        Compare(worst, GgufLimits.ContextMax);
        Assert.That(DoubleMath.SinCos(0), Is.EqualTo((0.0, 1.0)));
        worst.AssertAtMost(4);
    }

    [Test]
    public void Small_sines_and_cosines_near_multiples_of_pi_keep_their_last_places()
    {
        var random = new Random(6);
        var worst = new Worst();

        for (int i = 0; i < 4000; i++)
        {
            double quarters = i < 1000 ? i + 1 : random.Next(1 << 28);
            double angle = quarters * HalfPi;
            Compare(worst, angle);
            Compare(worst, Math.BitIncrement(angle));
            Compare(worst, Math.BitDecrement(angle));
        }

        // Numerators of the fractions that come nearest to π / 2: whole positions whose sine or cosine is smallest.
        foreach (double position in new[] { 11, 22, 333, 355, 103_993, 104_348, 208_341, 312_689, 833_719, 1_146_408 })
        {
            Compare(worst, position);
            Compare(worst, position * 64);
        }

        worst.AssertAtMost(2);
    }

    [Test]
    public void Powers_of_e_are_within_6_ulp()
    {
        var random = new Random(7);
        var worst = new Worst();

        for (int i = 0; i < 12_000; i++)
        {
            double x = i % 2 == 0
                ? (random.NextDouble() * 1400) - 700
                : Math.ScaleB(random.NextDouble() - 0.5, random.Next(-60, 6));
            (BigInteger exact, int exponent) = ExactMath.Exp(ExactMath.Of(x));
            worst.Add(x, ExactMath.UlpOff(Math.ScaleB(DoubleMath.Exp(x), -exponent), exact));
        }

        Assert.That(DoubleMath.Exp(0), Is.EqualTo(1));
        worst.AssertAtMost(6);
    }

    [Test]
    public void Logarithms_are_within_4_ulp()
    {
        var random = new Random(8);
        var worst = new Worst();

        for (int i = 0; i < 12_000; i++)
        {
            double x = (i % 3) switch
            {
                0 => Math.ScaleB(1 + random.NextDouble(), random.Next(-1022, 1023)),
                1 => 1 + Math.ScaleB(random.NextDouble() - 0.5, random.Next(-40, 2)),

                // What contexts and scales ask for.
                _ => random.Next(1, 1 << 28),
            };
            worst.Add(x, ExactMath.UlpOff(DoubleMath.Log(x), ExactMath.Log(x)));
        }

        Assert.That(DoubleMath.Log(1), Is.EqualTo(0));
        worst.AssertAtMost(4);
    }

    [Test]
    public void Powers_are_as_near_as_their_exponents_allow()
    {
        var random = new Random(9);
        var worst = new Worst();

        for (int i = 0; i < 12_000; i++)
        {
            // Bases of rotary angles, and their exponents.
            double value = (float)Math.Pow(10, (random.NextDouble() * 12) - 2);
            double power = i % 2 == 0 ? -2.0 * random.Next(64) / 128 : (random.NextDouble() * 4) - 2;
            BigInteger logarithm = ExactMath.Times(ExactMath.Of(power), ExactMath.Log(value));
            (BigInteger exact, int exponent) = ExactMath.Exp(logarithm);
            double off = ExactMath.UlpOff(Math.ScaleB(DoubleMath.Power(value, power), -exponent), exact);
            worst.Add(value, off / (6 + (5 * Math.Abs(ExactMath.Near(logarithm)))));
        }

        worst.AssertAtMost(1);
    }

    [Test]
    public void Rotary_tables_are_half_an_ulp_and_a_positions_share_of_a_double_off()
    {
        Gen<float> factor = Gen.Choose(8, 256).Select(eighths => eighths / 8f);

        Prop.ForAll(
            (from dimensions in Gen.Choose(1, 64).Select(pairs => 2 * pairs)
             from series in Gen.OneOf(Gen.Elements(1e4f, 5e5f, 1e6f), Gen.Choose(1, 1 << 24).Select(n => (float)n))
             from scale in Gen.Elements(1f, 0.25f, 0.1f)
             from factors in Gen.OneOf(Gen.Constant(Array.Empty<float>()), Gen.ArrayOf(factor, dimensions / 2))
             from last in Gen.Elements(4096, 1 << 17, GgufLimits.ContextMax)
             from position in Gen.Choose(0, last)
             let spec = new RopeSpec(RopeKind.Neox, dimensions, series, scale, false)
             select (spec, factors, position)).ToArbitrary(),
            table => CompareTable(table.spec, table.factors, table.position))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));
    }

    private static void CompareTable(RopeSpec spec, float[] factors, int position)
    {
        var rotary = new Rotary(spec, factors);
        float[] table = new float[rotary.TableLength];

        fixed (float* target = table)
        {
            rotary.Fill(position, GgufLimits.ContextMax, target);
        }

        BigInteger logarithm = ExactMath.Log(spec.FrequencyBase);

        for (int i = 0; i < table.Length / 2; i++)
        {
            (BigInteger power, int exponent) = ExactMath.Exp(logarithm * (-2 * i) / spec.Dimensions);
            BigInteger angle = (exponent < 0 ? power >> -exponent : power << exponent) * position;
            angle = ExactMath.Times(angle, ExactMath.Of(spec.FrequencyScale));
            angle = factors.Length == 0 ? angle : (angle << ExactMath.Bits) / ExactMath.Of(factors[i]);
            (BigInteger sin, BigInteger cos) = ExactMath.SinCos(angle);
            AssertNear(table[2 * i], ExactMath.Near(cos), position);
            AssertNear(table[(2 * i) + 1], ExactMath.Near(sin), position);
        }
    }

    private static void AssertNear(float entry, double exact, int position)
    {
        float near = MathF.Abs((float)exact);
        double half = (MathF.BitIncrement(near) - (double)near) / 2;
        Assert.That(Math.Abs(entry - exact), Is.LessThanOrEqualTo(half + (position * Math.ScaleB(1, -50)) + 1e-15));
    }

    private static void Compare(Worst worst, double angle)
    {
        (double sin, double cos) = DoubleMath.SinCos(angle);
        (BigInteger exactSin, BigInteger exactCos) = ExactMath.SinCos(ExactMath.Of(angle));
        worst.Add(angle, ExactMath.UlpOff(sin, exactSin));
        worst.Add(angle, ExactMath.UlpOff(cos, exactCos));
    }

    /// <summary>The largest error so far, and where.</summary>
    private sealed class Worst
    {
        private double _ulp;
        private double _at;

        public void Add(double at, double ulp)
        {
            if (double.IsNaN(ulp) || ulp > _ulp)
            {
                (_ulp, _at) = (double.IsNaN(ulp) ? double.PositiveInfinity : ulp, at);
            }
        }

        public void AssertAtMost(double ulp)
        {
            TestContext.Out.WriteLine($"worst {_ulp:F3} ulp at {_at:R}");
            Assert.That(_ulp, Is.LessThanOrEqualTo(ulp), $"at {_at:R}");
        }
    }
}
