using FsCheck;
using FsCheck.Fluent;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Rows of any float there is: what kernels must agree on includes what no model should ever say.</summary>
internal static class RowGen
{
    private static readonly Gen<float> Ordinary =
        from thousandths in Gen.Choose(-1000, 1000)
        from power in Gen.Choose(-3, 2)
        select thousandths * MathF.Pow(10, power - 3);

    // Both zeros, the faintest and the largest, and where functions of ours change their way.
    private static readonly Gen<float> Finite = Gen.Frequency(
        (4, Ordinary),
        (2, Gen.Elements(
            0f, -0f, float.Epsilon, -float.Epsilon, 1.17549421e-38f, -1.17549435e-38f, float.MaxValue, float.MinValue)),
        (1, Gen.Elements(0.55f, -0.55f, 7f, -7f, 7.000001f, 88.72f, -88.73f, 103.9f, -104f, 1.8e19f, -1e-23f)),
        (2, Any().Where(float.IsFinite)));

    private static readonly Gen<float> Everything = Gen.Frequency(
        (8, Finite),
        (1, Gen.Elements(float.PositiveInfinity, float.NegativeInfinity)),
        (1, Gen.Elements(float.NaN, -float.NaN, BitConverter.UInt32BitsToSingle(0x7FC1_2345))),
        (1, Any()));

    /// <summary>One number, poison among the possible.</summary>
    public static Gen<float> Number => Everything;

    /// <summary>
    /// So many numbers: ordinary ones, any finite ones, or all, so that poison does not hide the rest.
    /// </summary>
    public static Gen<float[]> Row(int count)
        => Gen.Elements(Ordinary, Finite, Everything).SelectMany(number => Gen.ArrayOf(number, count));

    private static Gen<float> Any()
        => from high in Gen.Choose(0, ushort.MaxValue)
           from low in Gen.Choose(0, ushort.MaxValue)
           select BitConverter.Int32BitsToSingle((high << 16) | low);
}
