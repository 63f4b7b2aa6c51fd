using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Kernels;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Sixteen rows at once end as each of them alone.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class LaneTreeTests
{
    private const int Rows = 16;

    [Test]
    public void Every_row_ends_as_it_would_alone()
        => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Agree));

    private static bool Agree(int seed)
    {
        var random = new Random(seed);
        float* rows = stackalloc float[Rows * LaneSum.Lanes];
        float* copy = stackalloc float[LaneSum.Lanes];

        for (int i = 0; i < Rows * LaneSum.Lanes; i++)
        {
            rows[i] = (random.NextSingle() - 0.5f) * MathF.Pow(2, random.Next(-40, 40));
        }

        float* sums = stackalloc float[Rows];
        float* largest = stackalloc float[Rows];
        LaneTree.Sum(rows, sums);
        LaneTree.Largest(rows, largest);
        bool agree = true;

        for (int row = 0; row < Rows; row++)
        {
            var lanes = new Span<float>(rows + (row * LaneSum.Lanes), LaneSum.Lanes);
            lanes.CopyTo(new Span<float>(copy, LaneSum.Lanes));
            float most = lanes.ToArray().Max();
            agree &= BitConverter.SingleToInt32Bits(sums[row]) == BitConverter.SingleToInt32Bits(LaneSum.Scalar(copy));
            agree &= BitConverter.SingleToInt32Bits(largest[row]) == BitConverter.SingleToInt32Bits(most);
        }

        return agree;
    }
}
