using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Superblocks of sixteen rows as a product with many columns wants them: the scale of scales and that of minimums as
/// floats, up to sixteen lines of minimums, sixteen of scales, then 64 lines with a byte to a value.
/// </summary>
internal readonly unsafe struct UnpackedSuperblocks<TFormat> : ISuperblockSource
    where TFormat : struct, ISuperblockFormat
{
    private const int MinimumsAt = 2 * Bits.LineBytes;
    private const int ScalesAt = MinimumsAt + (16 * Bits.LineBytes);
    private const int ValuesAt = ScalesAt + (16 * Bits.LineBytes);

    public static int Bytes => ValuesAt + (64 * Bits.LineBytes);

    public static int LinesAhead => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Lines(byte* superblock, int block)
        => superblock + ValuesAt + (block * Bits.Groups * Bits.LineBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Eight(lines, pair, odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* superblock, int sixteenth)
        => Vector512.Load((short*)(superblock + ScalesAt + (sixteenth * Bits.LineBytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* superblock, int number)
        => Vector512.Load((short*)(superblock + MinimumsAt + (number * Bits.LineBytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* superblock) => Vector512.Load((float*)superblock);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* superblock)
        => Vector512.Load((float*)(superblock + Bits.LineBytes));

    /// <summary>Unpacks superblocks that follow each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(byte* packed, int units, byte* target)
    {
        for (int i = 0; i < units; i++, target += Bytes, packed += PackedSuperblocks<TFormat>.Bytes)
        {
            TFormat.Factor(packed).Store((float*)target);

            if (TFormat.MinimumLength > 0)
            {
                TFormat.MinimumFactor(packed).Store((float*)(target + Bits.LineBytes));
            }

            for (int number = 0; number < (TFormat.MinimumLength == 32 ? 4 : TFormat.MinimumLength); number++)
            {
                TFormat.Minimums(packed, number).Store((short*)(target + MinimumsAt + (number * Bits.LineBytes)));
            }

            for (int sixteenth = 0; sixteenth < 16; sixteenth += TFormat.IsSplit ? 1 : 2)
            {
                TFormat.Scale(packed, sixteenth).Store((short*)(target + ScalesAt + (sixteenth * Bits.LineBytes)));
            }

            for (int block = 0; block < 8; block++)
            {
                byte* lines = PackedSuperblocks<TFormat>.Lines(packed, block);
                Prefetch.Lines(lines + PackedSuperblocks<TFormat>.Bytes, PackedSuperblocks<TFormat>.LinesAhead);

                for (int group = 0; group < Bits.Groups; group++)
                {
                    TFormat.Sixteen(lines, group / 2, group % 2).Store(Lines(target, block) + (group * Bits.LineBytes));
                }
            }
        }
    }
}
