using Swarm.Protocol.Identity;

namespace Swarm.Dht.Records;

/// <summary>What one node says under a key: verified, and the newest that any holder knew.</summary>
/// <param name="Signer">The node that said it.</param>
/// <param name="Sequence">Grows with everything it says under this key.</param>
/// <param name="Until">When it may be believed no longer, by our own clock, unless it is renewed.</param>
/// <param name="Value">What it says.</param>
public sealed record FoundRecord(NodeId Signer, ulong Sequence, DateTimeOffset Until, ReadOnlyMemory<byte> Value);
