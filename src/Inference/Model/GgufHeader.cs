namespace Swarm.Inference.Model;

/// <summary>A whole header, every field of it checked.</summary>
internal sealed record GgufHeader(
    GgufMetadata Metadata,
    IReadOnlyList<GgufTensor> Tensors,
    int Alignment,
    ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Where the tensors' data begins.</summary>
    public long DataStart => Align(Bytes.Length, Alignment);

    /// <summary>The next multiple of <paramref name="alignment"/>.</summary>
    public static long Align(long position, int alignment) => checked(position + alignment - 1) & -alignment;
}
