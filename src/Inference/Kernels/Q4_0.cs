namespace Swarm.Inference.Kernels;

/// <summary>
/// 4-bit values less 8. A file's block has 16 bytes, value k in the low half of byte k and value 16 + k in the high
/// half. Packed, lane r of line i is dword i of row r: four lines.
/// </summary>
internal readonly unsafe partial struct Q4_0 : IBlockFormat
{
    public static int LineBytes => 4 * 64;

    public static int FileBytes => 16;

    public static void Pack(byte* block, byte* lines, int row)
    {
        for (int i = 0; i < 4; i++)
        {
            ((uint*)lines)[(i * 16) + row] = ((uint*)block)[i];
        }
    }

    public static int Value(byte* lines, int row, int k)
    {
        int j = k & 15;
        int both = lines[(((j / 4 * 16) + row) * 4) + (j % 4)];
        return (k < 16 ? both & 15 : both >> 4) - 8;
    }
}
