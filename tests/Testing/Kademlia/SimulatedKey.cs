using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Swarm.Protocol.Identity;

namespace Swarm.Testing.Kademlia;

/// <summary>
/// An identity by number, the same in every run, whose signatures are plain hashes: anybody could forge them, and ten
/// thousand nodes spend their time on the swarm instead of on curves.
/// </summary>
public sealed class SimulatedKey : NodeKey
{
    private const int OnStackMax = 1024;

    private SimulatedKey(byte[] publicKey)
        : base(publicKey)
    {
    }

    public override SignatureCheck Check => Verify;

    public static SimulatedKey Of(int number)
    {
        byte[] key = new byte[PublicKeys.Size];
        PublicKeys.SpkiPrefix.CopyTo(key);
        Span<byte> point = key.AsSpan(PublicKeys.SpkiPrefix.Length);
        byte[] secret = [.. Encoding.UTF8.GetBytes("simulated key "), 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32LittleEndian(secret.AsSpan(^4..), number);
        _ = SHA256.HashData(secret, point);
        _ = SHA256.HashData(point[..SHA256.HashSizeInBytes], point[SHA256.HashSizeInBytes..]);
        return new SimulatedKey(key);
    }

    internal override byte[] SignLaidOut(byte[] bytes)
    {
        byte[] signature = new byte[PublicKeys.SignatureSize];
        Sign(PublicKey, bytes, signature);
        return signature;
    }

    private static bool Verify(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature)
    {
        Span<byte> expected = stackalloc byte[PublicKeys.SignatureSize];
        Sign(publicKey, bytes, expected);
        return signature.SequenceEqual(expected);
    }

    private static void Sign(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> bytes, Span<byte> signature)
    {
        int length = publicKey.Length + bytes.Length;
        Span<byte> both = length <= OnStackMax ? stackalloc byte[OnStackMax] : new byte[length];
        publicKey.CopyTo(both);
        bytes.CopyTo(both[publicKey.Length..]);
        _ = SHA256.HashData(both[..length], signature);
        signature[..SHA256.HashSizeInBytes].CopyTo(signature[SHA256.HashSizeInBytes..]);
    }
}
