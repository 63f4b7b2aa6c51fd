using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Model;

/// <summary>Laws of storing values: how far off they come back, and that odd values do no harm.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class GgmlCodecTests
{
    private static readonly GgmlType[] Types = [.. GgmlTypes.Encodable];

    // Relative to bell-shaped values; a little above what a good search reaches.
    private static readonly Dictionary<GgmlType, double> ErrorMax = new()
    {
        [GgmlType.F32] = 0,
        [GgmlType.F16] = 0.0003,
        [GgmlType.BF16] = 0.002,
        [GgmlType.Q8_0] = 0.006,
        [GgmlType.Q4_0] = 0.09,
        [GgmlType.Q4_1] = 0.082,
        [GgmlType.Q5_0] = 0.045,
        [GgmlType.Q5_1] = 0.04,
        [GgmlType.Q2_K] = 0.266,
        [GgmlType.Q3_K] = 0.147,
        [GgmlType.Q4_K] = 0.0725,
        [GgmlType.Q5_K] = 0.0355,
        [GgmlType.Q6_K] = 0.0173,
        [GgmlType.IQ4_NL] = 0.0765,
        [GgmlType.IQ4_XS] = 0.076,
        [GgmlType.MXFP4] = 0.115,
    };

    [Test]
    public void Bell_shaped_values_come_back_within_the_error_of_their_type([ValueSource(nameof(Types))] GgmlType type)
    {
        float[] values = Bell(new Random(1), 16 * 256, 0.02);
        float[] back = Back(type, values);
        double error = Math.Sqrt(values.Zip(back, (a, b) => ((double)a - b) * ((double)a - b)).Sum()
            / values.Sum(value => (double)value * value));
        TestContext.Out.WriteLine($"{error:G4}");
        Assert.That(error, Is.LessThanOrEqualTo(ErrorMax[type]));
    }

    [Test]
    public void Blocks_of_zeros_stay_zero_and_blocks_of_one_value_stay_near_it(
        [ValueSource(nameof(Types))] GgmlType type, [Values(0f, 1f, -1f, 1e-30f, 300f, -0.02f)] float value)
    {
        float[] values = Enumerable.Repeat(value, 512).ToArray();
        // Four-bit floats are coarse about their largest.
        double tolerance = Math.Max(Math.Abs(value) * (type == GgmlType.MXFP4 ? 0.2 : 0.07), 1e-6);
        Assert.That(Back(type, values).Max(back => Math.Abs(back - value)), Is.LessThanOrEqualTo(tolerance));
    }

    [Test]
    public void Whatever_is_finite_comes_back_finite([ValueSource(nameof(Types))] GgmlType type)
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            float[] values = Bell(random, 512, Math.Pow(10, random.Next(-12, 2)));
            values[random.Next(512)] *= 1000;
            values[random.Next(512)] = 0;
            Assert.That(Back(type, values).Count(float.IsFinite), Is.EqualTo(values.Length));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));
    }

    [Test]
    public void Every_type_that_can_be_written_can_be_computed()
        => Assert.That(GgmlTypes.Encodable, Is.SubsetOf(GgmlTypes.Supported));

    private static float[] Back(GgmlType type, float[] values)
    {
        byte[] stored = new byte[type.BytesOf(values.Length)];
        float[] back = new float[values.Length];
        GgmlCodec.Quantize(type, values, stored);
        GgmlCodec.Dequantize(type, stored, back);
        return back;
    }

    private static float[] Bell(Random random, int count, double deviation)
    {
        float[] values = new float[count];

        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }
}
