using System.Numerics;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>
/// Elementary functions in integers that count 2^-256: series summed until nothing is left, some 70 digits, so that
/// what our own functions are held against has no error that a double could show.
/// </summary>
internal static class ExactMath
{
    /// <summary>Bits behind the point.</summary>
    public const int Bits = 256;

    // How often exp halves its argument before the series, and squares after it.
    private const int Halvings = 12;

    /// <summary>1.</summary>
    public static readonly BigInteger One = BigInteger.One << Bits;

    /// <summary>ln 2 = 2 artanh(1/3).</summary>
    public static readonly BigInteger Ln2 = Artanh(One / 3) * 2;

    /// <summary>π / 2 = 8 arctan(1/5) - 2 arctan(1/239), as Machin found.</summary>
    public static readonly BigInteger HalfPi = (8 * ArctanOfInverse(5)) - (2 * ArctanOfInverse(239));

    /// <summary>A double as it is; what lies below 2^-256 is cut off.</summary>
    public static BigInteger Of(double value)
    {
        if (value == 0)
        {
            return BigInteger.Zero;
        }

        int exponent = Math.Max(Math.ILogB(value), -1022) - 52;
        var mantissa = new BigInteger(Math.ScaleB(value, -exponent));
        int shift = exponent + Bits;
        return shift >= 0 ? mantissa << shift : mantissa >> -shift;
    }

    public static BigInteger Times(BigInteger left, BigInteger right) => (left * right) >> Bits;

    /// <summary>Sine and cosine of any angle.</summary>
    public static (BigInteger Sin, BigInteger Cos) SinCos(BigInteger angle)
    {
        (BigInteger quarters, BigInteger r) = Nearest(angle, HalfPi);
        BigInteger square = Times(r, r);
        BigInteger sin = Alternating(r, square, 1);
        BigInteger cos = Alternating(One, square, 0);

        return (int)(quarters & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary>e^x as a number near 1 and the power of two that it is to be multiplied by.</summary>
    public static (BigInteger Number, int Exponent) Exp(BigInteger x)
    {
        (BigInteger n, BigInteger r) = Nearest(x, Ln2);
        r >>= Halvings;
        BigInteger sum = One;
        BigInteger term = One;

        for (int k = 1; !term.IsZero && term != BigInteger.MinusOne; k++)
        {
            term = Times(term, r) / k;
            sum += term;
        }

        for (int i = 0; i < Halvings; i++)
        {
            sum = Times(sum, sum);
        }

        return (sum, (int)n);
    }

    /// <summary>The natural logarithm of a positive double.</summary>
    public static BigInteger Log(double x)
    {
        int exponent = Math.ILogB(x);
        BigInteger m = Of(Math.ScaleB(x, -exponent));

        if (2 * m > 3 * One)
        {
            m >>= 1;
            exponent++;
        }

        return (2 * Artanh(((m - One) << Bits) / (m + One))) + (exponent * Ln2);
    }

    /// <summary>How far a double is from the true value, in units in the last place of doubles at that value.</summary>
    public static double UlpOff(double value, BigInteger exact)
        => exact.IsZero
            ? value == 0 ? 0 : double.PositiveInfinity
            : Math.ScaleB((double)BigInteger.Abs(Of(value) - exact), 53 - (int)BigInteger.Abs(exact).GetBitLength());

    /// <summary>The number as the nearest double, give or take a unit in its last place.</summary>
    public static double Near(BigInteger number)
    {
        int shift = Math.Max(0, (int)BigInteger.Abs(number).GetBitLength() - 64);
        return Math.ScaleB((double)(number >> shift), shift - Bits);
    }

    // The nearest multiple, and what is missing to the number.
    private static (BigInteger Whole, BigInteger Left) Nearest(BigInteger number, BigInteger unit)
    {
        BigInteger doubled = (2 * number) + unit;
        var times = BigInteger.DivRem(doubled, 2 * unit, out BigInteger rest);
        times -= rest.Sign < 0 ? 1 : 0;
        return (times, number - (times * unit));
    }

    // term - term r²/((n+1)(n+2)) + …
    private static BigInteger Alternating(BigInteger term, BigInteger square, int n)
    {
        BigInteger sum = term;

        for (int k = n + 1; !term.IsZero && term != BigInteger.MinusOne; k += 2)
        {
            term = -Times(term, square) / (k * (k + 1));
            sum += term;
        }

        return sum;
    }

    // z + z³/3 + z⁵/5 + …
    private static BigInteger Artanh(BigInteger z)
    {
        BigInteger square = Times(z, z);
        BigInteger power = z;
        BigInteger sum = z;

        for (int k = 3; !power.IsZero && power != BigInteger.MinusOne; k += 2)
        {
            power = Times(power, square);
            sum += power / k;
        }

        return sum;
    }

    private static BigInteger ArctanOfInverse(int n)
    {
        BigInteger power = One / n;
        BigInteger sum = power;

        for (int k = 3; !power.IsZero; k += 2)
        {
            power = -power / (n * n);
            sum += power / k;
        }

        return sum;
    }
}
