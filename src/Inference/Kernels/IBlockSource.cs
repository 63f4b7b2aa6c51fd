using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Where a tile of blocks reads sixteen rows of weights: packed, or unpacked for many columns.</summary>
internal unsafe interface IBlockSource
{
    /// <summary>What is taken from every value.</summary>
    static abstract int Bias { get; }

    static abstract bool HasMinimum { get; }

    /// <summary>Cache lines to fetch ahead while a block is computed.</summary>
    static abstract int LinesAhead { get; }

    /// <summary>Where a block begins: its scales and minimums, and its values.</summary>
    static abstract (nint Heads, nint Lines) Place(int block);

    static abstract Vector512<float> Scale(byte* heads);

    static abstract Vector512<float> Minimum(byte* heads);

    /// <summary>Sixteen rows' group of four values.</summary>
    static abstract Vector512<byte> Sixteen(byte* lines, int pair, int odd);
}
