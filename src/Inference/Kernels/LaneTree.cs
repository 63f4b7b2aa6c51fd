using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Sixteen rows of sixteen lanes become one number each by the tree of <see cref="LaneSum"/>. Where sixteen lanes are
/// one vector two rows share one at every level; elsewhere each row goes alone.
/// </summary>
internal static unsafe class LaneTree
{
    /// <summary>Each row's sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(float* rows, float* sums)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Of<Add>(rows).Store(sums);
            return;
        }

        for (int i = 0; i < LaneSum.Lanes; i++, rows += LaneSum.Lanes)
        {
            sums[i] = LaneSum.Vector(Vector512.Load(rows));
        }
    }

    /// <summary>Each row's largest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Largest(float* rows, float* largest)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Of<Max>(rows).Store(largest);
            return;
        }

        for (int i = 0; i < LaneSum.Lanes; i++, rows += LaneSum.Lanes)
        {
            var eight = Vector256.MaxNative(Vector256.Load(rows), Vector256.Load(rows + 8));
            var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
            var two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
            largest[i] = float.MaxNative(two[0], two[1]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Of<TPair>(float* rows)
        where TPair : struct, IPair
        => Join<TPair>(Second<TPair>(rows), Second<TPair>(rows + LaneSum.Lanes), 1);

    // Rows 0, 2, 4 to 14.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Second<TPair>(float* rows)
        where TPair : struct, IPair
        => Join<TPair>(Fourth<TPair>(rows), Fourth<TPair>(rows + (2 * LaneSum.Lanes)), 2);

    // Rows 0, 4, 8, 12.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fourth<TPair>(float* rows)
        where TPair : struct, IPair
        => Join<TPair>(Eighth<TPair>(rows), Eighth<TPair>(rows + (4 * LaneSum.Lanes)), 4);

    // Rows 0, 8.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Eighth<TPair>(float* rows)
        where TPair : struct, IPair
        => Join<TPair>(Vector512.Load(rows), Vector512.Load(rows + (8 * LaneSum.Lanes)), 8);

    // Lane i with lane i + half: of the left in lanes without the bit of half, of the right in those with it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Join<TPair>(Vector512<float> left, Vector512<float> right, int half)
        where TPair : struct, IPair
    {
        var without = Vector512.Equals(
            Vector512<int>.Indices & Vector512.Create(half), Vector512<int>.Zero).AsSingle();
        var crossed = Vector512.ConditionalSelect(without, right, left);
        return TPair.Of(
            Vector512.ConditionalSelect(without, left, right),
            Vector512.Shuffle(crossed, Vector512<int>.Indices ^ Vector512.Create(half)));
    }

    private interface IPair
    {
        static abstract Vector512<float> Of(Vector512<float> left, Vector512<float> right);
    }

    private readonly struct Add : IPair
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> left, Vector512<float> right) => left + right;
    }

    private readonly struct Max : IPair
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Of(Vector512<float> left, Vector512<float> right)
            => Vector512.MaxNative(left, right);
    }
}
