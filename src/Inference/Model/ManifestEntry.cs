namespace Swarm.Inference.Model;

/// <summary>One tensor of a manifest.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Dimensions">Its dimensions, contiguous one first.</param>
/// <param name="Offset">Bytes between the start of the data and its own first byte.</param>
/// <param name="Bytes">How many bytes it has.</param>
/// <param name="Hash">SHA-256 of its bytes.</param>
public sealed record ManifestEntry(
    string Name, GgmlType Type, IReadOnlyList<long> Dimensions, long Offset, long Bytes, ReadOnlyMemory<byte> Hash);
