using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Exact dots of unsigned weights with signed activations, sixteen rows at a time, on one instruction set. Lane r of
/// a vector of weights has four values of row r; they meet the same four activations.
/// </summary>
/// <typeparam name="TInput">Four activations, once for every row.</typeparam>
/// <typeparam name="TSum">Sixteen sums on their way, in whatever lanes the instructions want.</typeparam>
internal unsafe interface IByteDot<TInput, TSum>
    where TInput : struct
    where TSum : struct
{
    /// <summary>Groups of sixteen rows that share a broadcast of activations, as registers allow.</summary>
    static abstract int Groups { get; }

    /// <summary>Whether registers are left for sums of floats, which lie in the first cache otherwise.</summary>
    static abstract bool HoldsSums { get; }

    /// <summary>Whether registers are enough for the sums of a panel of columns.</summary>
    static abstract bool HoldsPanel { get; }

    static abstract TInput Spread(byte* activations);

    /// <summary>
    /// Where sums begin so that <paramref name="bias"/>, nothing or a power of two, is taken from every weight.
    /// </summary>
    /// <param name="pairs">
    /// Minus the sum of the activations whose index is 0 or 1 modulo 4, then of the others, in 16 bits each.
    /// </param>
    /// <param name="bias">What is taken from every weight.</param>
    static abstract TSum Start(byte* pairs, int bias);

    static abstract TSum Add(TSum sum, Vector512<byte> weights, TInput activations);

    /// <summary>One sum to each row.</summary>
    static abstract Vector512<int> Total(TSum sum);

    /// <summary>One sum to each row, times a scale that stands in both halves of the row's lane.</summary>
    static abstract Vector512<int> Scaled(TSum sum, Vector512<short> scales);
}
