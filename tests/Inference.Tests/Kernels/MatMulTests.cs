using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Laws of products: every rung and every split computes what the specification does, bit for bit.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class MatMulTests
{
    private static readonly GgmlType[] Types = [.. GgmlTypes.Supported];
    private static readonly Isa[] Rungs = [.. Enum.GetValues<Isa>().Where(rung => rung > Isa.Scalar)];

    [Test]
    public void Every_rung_agrees_with_the_specification_bit_for_bit([ValueSource(nameof(Types))] GgmlType type)
    {
        Prop.ForAll(Shapes(type).ToArbitrary(), shape =>
        {
            var made = new MatrixCase(type, shape.Rows, shape.Width, shape.Columns, shape.Seed);
            int[] expected = Bits(made.Multiply(Isa.Scalar));

            foreach (Isa rung in Rungs)
            {
                Assert.That(Bits(made.Multiply(rung)), Is.EqualTo(expected), $"{rung}");
            }
        }).Check(Quick(40));
    }

    [Test]
    public void Threads_change_no_bit([ValueSource(nameof(Types))] GgmlType type)
    {
        Prop.ForAll(Shapes(type).ToArbitrary(), shape =>
        {
            // Large enough that the pool forks.
            var made = new MatrixCase(type, shape.Rows + 200, shape.Width, shape.Columns, shape.Seed);
            Assert.That(Bits(made.Multiply(Isa.Avx512, threads: 3)), Is.EqualTo(Bits(made.Multiply(Isa.Avx512))));
        }).Check(Quick(10));
    }

    [Test]
    public void A_column_does_not_know_its_neighbours([ValueSource(nameof(Types))] GgmlType type)
    {
        Prop.ForAll(Shapes(type).ToArbitrary(), shape =>
        {
            var made = new MatrixCase(type, shape.Rows, shape.Width, 7, shape.Seed);
            var fewer = new MatrixCase(type, shape.Rows, shape.Width, 3, shape.Seed);
            made.Inputs.AsSpan(4 * shape.Width).CopyTo(fewer.Inputs);
            int[] all = Bits(made.Multiply(Isa.Avx512));

            Assert.That(Bits(fewer.Multiply(Isa.Avx512)), Is.EqualTo(all[(4 * shape.Rows)..]));
        }).Check(Quick(20));
    }

    [Test]
    public void Products_are_near_the_true_ones([ValueSource(nameof(Types))] GgmlType type)
    {
        int width = type.ElementsPerBlock > 64 ? 512 : 320;
        var made = new MatrixCase(type, 33, width, 2, seed: 2);
        float[] output = made.Multiply(Isa.Scalar);

        for (int column = 0; column < 2; column++)
        {
            for (int row = 0; row < 33; row++)
            {
                double sum = 0;
                double size = 0;

                for (int k = 0; k < width; k++)
                {
                    double term = (double)made.Weights[(row * width) + k] * made.Inputs[(column * width) + k];
                    sum += term;
                    size += Math.Abs(term);
                }

                // Bytes of activations carry about 1 part in 250 of a block's largest.
                double tolerance = size * (MatrixCase.IsQuantized(type) ? 0.05 : 1e-5);
                Assert.That(output[(column * 33) + row], Is.EqualTo(sum).Within(tolerance));
            }
        }
    }

    [Test]
    public void A_scale_that_is_not_finite_is_noticed_when_it_is_packed([ValueSource(nameof(Types))] GgmlType type)
    {
        int width = type.ElementsPerBlock;
        using var matrix = new PackedMatrix(type, 1, width, Isa.Scalar);
        byte[] stored = new byte[type.BytesPerBlock];
        Assert.That(matrix.Fill(0, stored), Is.True);
        stored.AsSpan().Fill(0xFF);
        // The one type whose scales have no infinity, and whose NaN counts as zero.
        Assert.That(matrix.Fill(0, stored), type == GgmlType.NVFP4 ? Is.True : Is.False);
    }

    [Test]
    public void A_type_without_a_kernel_computes_what_its_decoded_floats_do(
        [ValueSource(nameof(Types))] GgmlType type)
    {
        if (MatrixCase.IsQuantized(type))
        {
            Assert.Ignore("This type has a kernel of its own.");
        }

        Prop.ForAll(Shapes(type).ToArbitrary(), shape =>
        {
            var made = new MatrixCase(type, shape.Rows, shape.Width, shape.Columns, shape.Seed);
            var decoded = new MatrixCase(GgmlType.F32, shape.Rows, shape.Width, shape.Columns, shape.Seed);
            GgmlCodec.Quantize(GgmlType.F32, made.Weights, decoded.Stored);
            made.Inputs.CopyTo(decoded.Inputs, 0);

            Assert.That(Bits(made.Multiply(Isa.Avx512)), Is.EqualTo(Bits(decoded.Multiply(Isa.Avx512))));
        }).Check(Quick(20));
    }

    private static Gen<Shape> Shapes(GgmlType type)
        => from rows in Gen.Choose(1, 70)
           from blocks in Gen.Choose(1, type.ElementsPerBlock switch { 1 => 90, > 64 => 3, _ => 9 })
           from columns in Gen.Choose(1, 17)
           from seed in Gen.Choose(0, int.MaxValue - 1)
           select new Shape(rows, blocks * type.ElementsPerBlock, columns, seed);

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];

    private static Config Quick(int tests) => Config.QuickThrowOnFailure.WithMaxTest(tests);

    private sealed record Shape(int Rows, int Width, int Columns, int Seed);
}
