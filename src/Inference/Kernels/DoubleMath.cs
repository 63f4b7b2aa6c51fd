namespace Swarm.Inference.Kernels;

/// <summary>
/// Sine, cosine, powers and logarithms of doubles by our own series, for tables computed before a forward pass: every
/// operation is one that IEEE 754 defines to the bit, so a table is the same on every machine. Errors are in units in
/// the last place (ulp) of doubles at the true value.
/// </summary>
internal static class DoubleMath
{
    private const double Ln2High = 0.6931471805599453;
    private const double Ln2Low = 2.3190468138462996e-17;
    private const double Log2OfE = 1.4426950408889634;

    // π / 2 in three parts, each what the ones before leave.
    private const double HalfPi0 = 1.5707963267948966;
    private const double HalfPi1 = 6.123233995736766e-17;
    private const double HalfPi2 = -1.4973849048591697e-33;
    private const double TwoOverPi = 0.6366197723675814;

    /// <summary>
    /// Sine and cosine, each at most 4 ulp from the true value for angles up to 2^30: more than any position turns. So
    /// are the small ones beside multiples of π / 2: what is subtracted there has 160 bits.
    /// </summary>
    public static (double Sin, double Cos) SinCos(double angle)
    {
        double quarters = Math.Round(angle * TwoOverPi, MidpointRounding.ToEven);
        double r = Math.FusedMultiplyAdd(-quarters, HalfPi0, angle);
        r = Math.FusedMultiplyAdd(-quarters, HalfPi1, r);
        r = Math.FusedMultiplyAdd(-quarters, HalfPi2, r);
        double sin = Series(r, r, 1);
        double cos = Series(r, 1, 0);

        return ((long)quarters & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary>
    /// <paramref name="value"/> to the power of <paramref name="exponent"/>, for positive values: at most
    /// 6 + 5 |ln of the result| ulp from the true value, because that much of the logarithm's error shows.
    /// </summary>
    public static double Power(double value, double exponent) => Exp(exponent * Log(value));

    /// <summary>e^x for |x| up to 700: at most 6 ulp from the true value.</summary>
    public static double Exp(double x)
    {
        double n = Math.Round(x * Log2OfE, MidpointRounding.ToEven);
        double r = Math.FusedMultiplyAdd(-n, Ln2High, x);
        r = Math.FusedMultiplyAdd(-n, Ln2Low, r);
        double term = 1;
        double sum = 1;

        for (int k = 1; k <= 20; k++)
        {
            term = term * r / k;
            sum += term;
        }

        return Math.ScaleB(sum, (int)n);
    }

    /// <summary>
    /// The natural logarithm of a positive, finite number: at most 4 ulp from the true value.
    /// </summary>
    public static double Log(double x)
    {
        int exponent = Math.ILogB(x);
        double m = Math.ScaleB(x, -exponent);

        if (m > 1.4142135623730951)
        {
            m /= 2;
            exponent++;
        }

        // ln m = 2 artanh z = 2 (z + z³/3 + z⁵/5 + …) with |z| below 0.172.
        double z = (m - 1) / (m + 1);
        double square = z * z;
        double sum = 0;

        for (int k = 41; k >= 1; k -= 2)
        {
            sum = Math.FusedMultiplyAdd(sum, square, 1.0 / k);
        }

        return Math.FusedMultiplyAdd(exponent, Ln2High, (2 * z * sum) + (exponent * Ln2Low));
    }

    // term - term r²/((n+1)(n+2)) + …, for |r| up to π / 4.
    private static double Series(double r, double term, int n)
    {
        double sum = term;

        for (int k = n + 1; k < 24; k += 2)
        {
            term = -term * r * r / (k * (k + 1));
            sum += term;
        }

        return sum;
    }
}
