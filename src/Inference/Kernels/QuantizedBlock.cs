using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Activations as signed bytes, 32 to a block with one float scale: the largest magnitude becomes 127, halves round to
/// even. A block too small for a finite reciprocal is zero. A block whose scale would be 65,536 or more, or that holds
/// a number that is not finite, gets a scale that is not a number: every result it touches then fails the check for
/// finite values that follows each block.
/// </summary>
internal static unsafe class QuantizedBlock
{
    public const int Length = 32;

    private const float ScaleLimit = 65_536f;

    // Adding it rounds to an integer, half to even, in the lowest bits.
    private const float Rounder = 12_582_912f;
    private const int Magnitude = 0x7FFF_FFFF;

    /// <summary>The specification.</summary>
    public static void Scalar(float* source, sbyte* quants, out float scale, out int sum)
    {
        // As integers magnitudes compare like the numbers they are, and what is not a number is the largest.
        int largest = 0;

        for (int i = 0; i < Length; i++)
        {
            largest = Math.Max(largest, BitConverter.SingleToInt32Bits(source[i]) & Magnitude);
        }

        float reciprocal = Scale(largest, out scale);
        sum = 0;

        for (int i = 0; i < Length; i++)
        {
            float rounded = (source[i] * reciprocal) + Rounder;
            int value = BitConverter.SingleToInt32Bits(rounded) - BitConverter.SingleToInt32Bits(Rounder);
            value = Math.Clamp(value, -127, 127);
            quants[i] = (sbyte)value;
            sum += value;
        }
    }

    /// <summary>The same in two vectors.</summary>
    public static void Vector(float* source, sbyte* quants, out float scale, out int sum)
    {
        var left = Vector512.Load(source);
        var right = Vector512.Load(source + 16);
        var magnitude = Vector512.Create(Magnitude);
        var larger = Vector512.Max(left.AsInt32() & magnitude, right.AsInt32() & magnitude);
        var eight = Vector256.Max(larger.GetLower(), larger.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        int largest = Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));

        var reciprocal = Vector512.Create(Scale(largest, out scale));
        Vector512<int> lower = Round(left * reciprocal);
        Vector512<int> upper = Round(right * reciprocal);
        var both = Vector512.Narrow(lower, upper);
        Vector256.Narrow(both.GetLower(), both.GetUpper()).Store(quants);
        sum = Vector512.Sum(lower + upper);
    }

    private static float Scale(int largest, out float scale)
    {
        scale = BitConverter.Int32BitsToSingle(largest) / 127f;

        if (!(scale < ScaleLimit))
        {
            scale = float.NaN;
            return 0;
        }

        float reciprocal = 1f / scale;

        if (!float.IsFinite(reciprocal))
        {
            scale = 0;
            return 0;
        }

        return reciprocal;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Round(Vector512<float> scaled)
    {
        var rounder = Vector512.Create(Rounder);
        Vector512<int> value = (scaled + rounder).AsInt32() - rounder.AsInt32();
        return Vector512.Min(Vector512.Max(value, Vector512.Create(-127)), Vector512.Create(127));
    }
}
