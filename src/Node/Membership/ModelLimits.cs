namespace Swarm.Node.Membership;

/// <summary>Bounds on the parts of a model that travel between nodes.</summary>
internal static class ModelLimits
{
    /// <summary>64 MiB: a manifest takes about 100 bytes for each of some thousand tensors.</summary>
    public const ulong ManifestBytesMax = 64UL << 20;

    /// <summary>128 MiB: the largest tokenizers in use take about 16 MiB.</summary>
    public const ulong HeaderBytesMax = 128UL << 20;

    /// <summary>64 KiB: one frame.</summary>
    public const int PartBytes = 64 * 1024;

    /// <summary>How long a holder may let the asker wait for its next part.</summary>
    public static readonly TimeSpan PartTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How many holders are asked before the fetch fails.</summary>
    public const int HoldersMax = 8;
}
