using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Swarm.Inference.Kernels;

namespace Swarm.Inference.Model.Codec;

/// <summary>
/// A group of values on the levels nearest to them under some scale: all that the error of any other scale and minimum
/// depends on. <c>Σ(s·q - m - x)²</c> needs nothing else.
/// </summary>
/// <param name="Levels">Σq.</param>
/// <param name="Squares">Σq².</param>
/// <param name="Products">Σx·q.</param>
internal readonly record struct GroupSums(double Levels, double Squares, double Products)
{
    /// <summary>Puts <c>(x + offset) · inverse</c> on levels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupSums Of<TLevels>(TLevels levels, ReadOnlySpan<float> values, float offset, float inverse)
        where TLevels : struct, ILevels
    {
        Vector512<float> sum = Vector512<float>.Zero;
        Vector512<float> squares = Vector512<float>.Zero;
        Vector512<float> products = Vector512<float>.Zero;

        foreach (ref readonly Vector512<float> x in MemoryMarshal.Cast<float, Vector512<float>>(values))
        {
            Vector512<float> level = levels.Nearest((x + Vector512.Create(offset)) * Vector512.Create(inverse));
            sum += level;
            squares += level * level;
            products += level * x;
        }

        return new GroupSums(LaneSum.Vector(sum), LaneSum.Vector(squares), LaneSum.Vector(products));
    }

    /// <summary>The levels themselves.</summary>
    public static void Write<TLevels>(
        TLevels levels, ReadOnlySpan<float> values, float offset, float inverse, Span<int> output)
        where TLevels : struct, ILevels
    {
        ReadOnlySpan<Vector512<float>> sixteens = MemoryMarshal.Cast<float, Vector512<float>>(values);

        for (int i = 0; i < sixteens.Length; i++)
        {
            Vector512<float> level
                = levels.Nearest((sixteens[i] + Vector512.Create(offset)) * Vector512.Create(inverse));
            Vector512.ConvertToInt32(level).CopyTo(output[(i * LaneSum.Lanes)..]);
        }
    }

    /// <summary>Σx and Σx² of a group.</summary>
    public static (double Sum, double Squares) Values(ReadOnlySpan<float> values)
    {
        double sum = 0;
        double squares = 0;

        foreach (float value in values)
        {
            sum += value;
            squares += (double)value * value;
        }

        return (sum, squares);
    }
}
