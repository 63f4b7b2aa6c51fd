namespace Swarm.Inference.Kernels;

/// <summary>One row's 256 values and their scales, as a file's superblock has them.</summary>
internal unsafe struct Superblock
{
    /// <summary>The scale of scales, a half.</summary>
    public ushort Factor;

    /// <summary>The scale of minimums, a half.</summary>
    public ushort MinimumFactor;

    /// <summary>The scale of each sixteen values.</summary>
    public fixed sbyte Scales[16];

    /// <summary>The minimum of each sixteen or 32 values.</summary>
    public fixed byte Minimums[16];

    /// <summary>Where the values go, four to a number, numbers sixteen rows apart.</summary>
    public uint* Values;
}
