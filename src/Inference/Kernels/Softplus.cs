namespace Swarm.Inference.Kernels;

/// <summary>
/// <c>ln(1 + e^x)</c>, computed in double by our own series as <c>max(x, 0) + 2 artanh(y / (2 + y))</c> with y = e^-|x|
/// and rounded once: at most 0.51 ulp from the true value. Not a number stays so.
/// </summary>
internal static class Softplus
{
    // Below it the result rounds to zero, above its opposite to x.
    private const float Lowest = -104;

    // (1/9)^19 of the first term is left out.
    private const int PowerMax = 37;

    public static float One(float x)
    {
        if (x < Lowest)
        {
            return 0;
        }

        if (!(x <= -Lowest))
        {
            return x;
        }

        double y = DoubleMath.Exp(-MathF.Abs(x));
        double z = y / (2 + y);
        double sum = 0;

        for (int power = PowerMax; power >= 1; power -= 2)
        {
            sum = Math.FusedMultiplyAdd(sum, z * z, 1.0 / power);
        }

        return (float)(MathF.Max(x, 0) + (2 * z * sum));
    }
}
