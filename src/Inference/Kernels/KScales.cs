using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// The scales of Q4_K and Q5_K: eight of 6 bits, eight minimums of 6 bits, a half for each kind. Packed, a quarter's
/// line has in each row's 32 bits two scales, two minimums, and a byte of the halves.
/// </summary>
internal static unsafe class KScales
{
    private const int HalvesAt = 24;

    /// <summary>Reads the sixteen bytes a file's superblock begins with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        fields->Factor = ((ushort*)block)[0];
        fields->MinimumFactor = ((ushort*)block)[1];
        byte* bytes = block + 4;

        for (int i = 0; i < 4; i++)
        {
            Set(fields, i, bytes[i] & 63, bytes[i + 4] & 63);
            Set(
                fields,
                i + 4,
                (bytes[i + 8] & 15) | ((bytes[i] >> 6) << 4),
                (bytes[i + 8] >> 4) | ((bytes[i + 4] >> 6) << 4));
        }
    }

    /// <summary>Writes a row's lane of a quarter's line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* line, int row, int quarter, Superblock* fields)
    {
        uint halves = fields->Factor | ((uint)fields->MinimumFactor << 16);
        ((uint*)line)[row] = (byte)fields->Scales[4 * quarter]
            | ((uint)(byte)fields->Scales[(4 * quarter) + 2] << 6)
            | ((uint)fields->Minimums[2 * quarter] << 12)
            | ((uint)fields->Minimums[(2 * quarter) + 1] << 18)
            | (((halves >> (8 * quarter)) & 255) << HalvesAt);
    }

    /// <summary>The scales of a quarter's first or second 32 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* line, int second)
    {
        Vector512<int> scale = Vector512.ShiftRightLogical(Vector512.Load((int*)line), 6 * second)
            & Vector512.Create(63);
        return (scale | Vector512.ShiftLeft(scale, 16)).AsInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* line)
    {
        var packed = Vector512.Load((int*)line);
        return ((Vector512.ShiftRightLogical(packed, 12) & Vector512.Create(63))
            | (Vector512.ShiftRightLogical(packed, 2) & Vector512.Create(63 << 16))).AsInt16();
    }

    /// <summary>The half whose bytes two lines have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Half(byte* low, byte* high)
        => HalfLanes.LoadScales(
            Vector512.ShiftRightLogical(Vector512.Load((int*)low), HalvesAt)
            | Vector512.ShiftLeft(Vector512.ShiftRightArithmetic(Vector512.Load((int*)high), HalvesAt), 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Set(Superblock* fields, int block, int scale, int minimum)
    {
        fields->Scales[2 * block] = (sbyte)scale;
        fields->Scales[(2 * block) + 1] = (sbyte)scale;
        fields->Minimums[block] = (byte)minimum;
    }
}
