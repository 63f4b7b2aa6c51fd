namespace Swarm.Protocol.Identity;

/// <summary>Whether the owner of a public key signed these bytes.</summary>
/// <param name="publicKey">SubjectPublicKeyInfo, 91 bytes.</param>
/// <param name="bytes">What was signed, laid out with its domain.</param>
/// <param name="signature">IEEE P1363, 64 bytes.</param>
public delegate bool SignatureCheck(
    ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature);
