using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Where a tile of superblocks reads sixteen rows of weights: packed, or unpacked for many columns.</summary>
internal unsafe interface ISuperblockSource
{
    /// <summary>Bytes of one superblock.</summary>
    static abstract int Bytes { get; }

    /// <summary>Cache lines to fetch ahead while 32 values are computed.</summary>
    static abstract int LinesAhead { get; }

    /// <summary>Where the values of one of its eight blocks of 32 begin.</summary>
    static abstract byte* Lines(byte* superblock, int block);

    static abstract Vector512<byte> Sixteen(byte* lines, int pair, int odd);

    static abstract Vector512<short> Scale(byte* superblock, int sixteenth);

    static abstract Vector512<short> Minimums(byte* superblock, int number);

    static abstract Vector512<float> Factor(byte* superblock);

    static abstract Vector512<float> MinimumFactor(byte* superblock);
}
