using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Blocks of sixteen rows as a product with many columns wants them: scales, and minimums if there are any, as floats,
/// then eight lines with a byte to a value.
/// </summary>
internal readonly unsafe struct UnpackedBlocks<TFormat> : IBlockSource
    where TFormat : struct, IBlockFormat
{
    public static int Bias => TFormat.Bias;

    public static bool HasMinimum => TFormat.HasMinimum;

    public static int LinesAhead => 0;

    /// <summary>Bytes of one block.</summary>
    public static int Bytes => (HeadLines + Bits.Groups) * Bits.LineBytes;

    private static int HeadLines => TFormat.HasMinimum ? 2 : 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (nint Heads, nint Lines) Place(int block)
        => ((nint)block * Bytes, ((nint)block * Bytes) + (HeadLines * Bits.LineBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scale(byte* heads) => Vector512.Load((float*)heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Minimum(byte* heads) => Vector512.Load((float*)(heads + Bits.LineBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Eight(lines, pair, odd);

    /// <summary>Unpacks blocks first to first + count - 1 of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(byte* group, int first, int count, byte* target)
    {
        for (int block = first; block < first + count; block++, target += Bytes)
        {
            (nint heads, nint lines) = PackedBlocks<TFormat>.Place(block);
            Prefetch.Lines(group + PackedBlocks<TFormat>.Place(block + count).Lines, PackedBlocks<TFormat>.LinesAhead);
            PackedBlocks<TFormat>.Scale(group + heads).Store((float*)target);

            if (TFormat.HasMinimum)
            {
                PackedBlocks<TFormat>.Minimum(group + heads).Store((float*)(target + Bits.LineBytes));
            }

            for (int i = 0; i < Bits.Groups; i++)
            {
                TFormat.Sixteen(group + lines, i / 2, i % 2).Store(target + ((HeadLines + i) * Bits.LineBytes));
            }
        }
    }
}
