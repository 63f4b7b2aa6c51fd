using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Activations as signed bytes, 32 or 256 to a block with one float scale: the largest magnitude becomes 127, halves
/// round to even. A block too small for a finite reciprocal is zero. A block whose scale would be 65,536 or more, or
/// that holds a number that is not finite, gets a scale that is not a number: every result it touches then fails the
/// check for finite values that follows each block.
/// </summary>
/// <remarks>
/// For each sixteen values also minus the sum of those whose index is 0 or 1 modulo 4, and of the others, in 16 bits
/// each: what a bias of the weights takes from a dot, in the lanes where byte products are summed.
/// </remarks>
internal static unsafe class QuantizedBlock
{
    /// <summary>Values of a small block.</summary>
    public const int Length = 32;

    /// <summary>Values of a large block.</summary>
    public const int LengthMax = 256;

    /// <summary>Values of one pair of sums.</summary>
    public const int PairLength = 16;

    private const float ScaleLimit = 65_536f;

    // Adding it rounds to an integer, half to even, in the lowest bits.
    private const float Rounder = 12_582_912f;
    private const int Magnitude = 0x7FFF_FFFF;

    /// <summary>The specification; returns the scale.</summary>
    public static float Scalar(float* source, int length, sbyte* quants, int* pairs)
    {
        // As integers magnitudes compare like the numbers they are, and what is not a number is the largest.
        int largest = 0;

        for (int i = 0; i < length; i++)
        {
            largest = Math.Max(largest, BitConverter.SingleToInt32Bits(source[i]) & Magnitude);
        }

        float reciprocal = Reciprocal(largest, out float scale);

        for (int i = 0; i < length; i++)
        {
            float rounded = (source[i] * reciprocal) + Rounder;
            int value = BitConverter.SingleToInt32Bits(rounded) - BitConverter.SingleToInt32Bits(Rounder);
            quants[i] = (sbyte)Math.Clamp(value, -127, 127);
        }

        for (int i = 0; i < length; i += PairLength)
        {
            int early = 0;
            int late = 0;

            for (int k = i; k < i + PairLength; k += 4)
            {
                early -= quants[k] + quants[k + 1];
                late -= quants[k + 2] + quants[k + 3];
            }

            pairs[i / PairLength] = (early & 0xFFFF) | (late << 16);
        }

        return scale;
    }

    /// <summary>The same, sixteen at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Vector(float* source, int length, sbyte* quants, int* pairs)
    {
        var magnitude = Vector512.Create(Magnitude);
        Vector512<int> largest = Vector512<int>.Zero;

        for (int i = 0; i < length; i += 16)
        {
            largest = Vector512.Max(largest, Vector512.Load(source + i).AsInt32() & magnitude);
        }

        var reciprocal = Vector512.Create(Reciprocal(Largest(largest), out float scale));

        for (int i = 0; i < length; i += Length)
        {
            Vector512<int> lower = Round(Vector512.Load(source + i) * reciprocal);
            Vector512<int> upper = Round(Vector512.Load(source + i + 16) * reciprocal);
            var words = Vector512.Narrow(lower, upper);
            var bytes = Vector256.Narrow(words.GetLower(), words.GetUpper());
            bytes.Store(quants + i);
            Vector256<short> two = Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(bytes.AsInt16(), 8), 8)
                + Vector256.ShiftRightArithmetic(bytes.AsInt16(), 8);
            pairs[i / PairLength] = Pair(two.GetLower());
            pairs[(i / PairLength) + 1] = Pair(two.GetUpper());
        }

        return scale;
    }

    private static float Reciprocal(int largest, out float scale)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest(Vector512<int> lanes)
    {
        var eight = Vector256.Max(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Pair(Vector128<short> two)
    {
        Vector128<short> sum = two + Vector128.Shuffle(two.AsInt32(), Vector128.Create(2, 3, 0, 1)).AsInt16();
        sum += Vector128.Shuffle(sum.AsInt32(), Vector128.Create(1, 0, 3, 2)).AsInt16();
        return (-sum).AsInt32()[0];
    }
}
