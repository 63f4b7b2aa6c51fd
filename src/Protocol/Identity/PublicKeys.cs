using System.Security.Cryptography;

namespace Swarm.Protocol.Identity;

/// <summary>The one kind of key a node has, ECDSA P-256, and libp2p's protobuf around it.</summary>
internal static class PublicKeys
{
    /// <summary>A SubjectPublicKeyInfo of an uncompressed P-256 point.</summary>
    internal const int Size = 91;

    /// <summary>IEEE P1363: two 32-byte numbers.</summary>
    internal const int SignatureSize = 64;

    // libp2p's PublicKey message: field 1 (key type) = 3 (ECDSA), field 2 (data), 91 bytes.
    private static ReadOnlySpan<byte> ProtobufPrefix => [0x08, 0x03, 0x12, Size];

    // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 0x04 … } }
    internal static ReadOnlySpan<byte> SpkiPrefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    /// <summary>Wraps a key as libp2p does before it hashes or sends it.</summary>
    internal static byte[] ToProtobuf(ReadOnlySpan<byte> publicKey) => [.. ProtobufPrefix, .. publicKey];

    /// <summary>Takes the key out of libp2p's protobuf; false for any other kind of key.</summary>
    internal static bool TryFromProtobuf(ReadOnlySpan<byte> message, out byte[] publicKey)
    {
        publicKey = [];

        if (message.Length != ProtobufPrefix.Length + Size || !message.StartsWith(ProtobufPrefix))
        {
            return false;
        }

        publicKey = message[ProtobufPrefix.Length..].ToArray();
        return IsWellFormed(publicKey);
    }

    /// <summary>Whether this is the one encoding of a P-256 key that has one PeerId.</summary>
    internal static bool IsWellFormed(ReadOnlySpan<byte> publicKey)
        => publicKey.Length == Size && publicKey.StartsWith(SpkiPrefix);

    /// <summary>The key, ready to verify; null when the bytes are no point of the curve.</summary>
    internal static ECDsa? Import(ReadOnlySpan<byte> publicKey)
    {
        if (!IsWellFormed(publicKey))
        {
            return null;
        }

        var key = ECDsa.Create();

        try
        {
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            return key;
        }
        catch (CryptographicException)
        {
            key.Dispose();
            return null;
        }
    }
}
