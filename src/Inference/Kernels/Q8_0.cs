namespace Swarm.Inference.Kernels;

/// <summary>
/// Signed bytes. Packed, lane r of line i is dword i of row r, eight lines, each byte with its sign bit turned: byte
/// dots take one operand unsigned.
/// </summary>
internal readonly unsafe partial struct Q8_0 : IBlockFormat
{
    private const uint Signs = 0x8080_8080;

    public static int LineBytes => 8 * 64;

    public static int FileBytes => 32;

    public static void Pack(byte* block, byte* lines, int row)
    {
        for (int i = 0; i < 8; i++)
        {
            ((uint*)lines)[(i * 16) + row] = ((uint*)block)[i] ^ Signs;
        }
    }

    public static int Value(byte* lines, int row, int k) => lines[(((k / 4 * 16) + row) * 4) + (k % 4)] - 128;
}
