using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Superblocks of sixteen rows as a product with many columns wants them: the scale of scales and that of minimums as
/// floats, four lines of minimums, sixteen of scales, then 64 lines with a byte to a value.
/// </summary>
internal readonly unsafe struct UnpackedSuperblocks<TFormat> : ISuperblockSource
    where TFormat : struct, ISuperblockFormat
{
    private const int MinimumsAt = 2 * Bits.LineBytes;
    private const int ScalesAt = MinimumsAt + (4 * Bits.LineBytes);
    private const int ValuesAt = ScalesAt + (16 * Bits.LineBytes);

    public static int Bytes => ValuesAt + (64 * Bits.LineBytes);

    public static int LinesAhead => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Lines(byte* superblock, int block)
        => superblock + ValuesAt + (block * Bits.Groups * Bits.LineBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int group) => Bits.Eight(lines, group);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* superblock, int sixteenth)
        => Vector512.Load((short*)(superblock + ScalesAt + (sixteenth * Bits.LineBytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* superblock, int quarter)
        => Vector512.Load((short*)(superblock + MinimumsAt + (quarter * Bits.LineBytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* superblock) => Vector512.Load((float*)superblock);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* superblock)
        => Vector512.Load((float*)(superblock + Bits.LineBytes));

    /// <summary>Unpacks superblocks that follow each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(byte* packed, int count, byte* target)
    {
        for (int i = 0; i < count; i++, target += Bytes, packed += PackedSuperblocks<TFormat>.Bytes)
        {
            TFormat.Factor(packed).Store((float*)target);

            if (TFormat.HasMinimums)
            {
                TFormat.MinimumFactor(packed).Store((float*)(target + Bits.LineBytes));

                for (int quarter = 0; quarter < 4; quarter++)
                {
                    TFormat.Minimums(packed, quarter)
                        .Store((short*)(target + MinimumsAt + (quarter * Bits.LineBytes)));
                }
            }

            for (int sixteenth = 0; sixteenth < 16; sixteenth += TFormat.IsSplit ? 1 : 2)
            {
                TFormat.Scale(packed, sixteenth).Store((short*)(target + ScalesAt + (sixteenth * Bits.LineBytes)));
            }

            for (int block = 0; block < 8; block++)
            {
                byte* lines = PackedSuperblocks<TFormat>.Lines(packed, block);

                for (int group = 0; group < Bits.Groups; group++)
                {
                    TFormat.Sixteen(lines, group).Store(Lines(target, block) + (group * Bits.LineBytes));
                }
            }
        }
    }
}
