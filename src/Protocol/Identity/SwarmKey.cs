using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>What the members of a private swarm share: 256 random bits that are never sent.</summary>
/// <remarks>
/// From the secret come, by HKDF-SHA256 (RFC 5869) with an info string each, the keys of the two proofs of membership,
/// the short public name of the key, and the id of the swarm it founds.
/// </remarks>
public sealed class SwarmKey : IDisposable
{
    /// <summary>The size of the secret.</summary>
    public const int Size = 32;

    internal const int ProofSize = HMACSHA256.HashSizeInBytes;

    // 32 random bytes have about 30 different values; fewer than 16 come once in more than 10^12 keys.
    private const int DifferentBytesMin = 16;

    private readonly byte[] _secret = Pinned();
    private readonly byte[] _cookieKey = Pinned();
    private readonly byte[] _memberKey = Pinned();
    private volatile bool _gone;

    private SwarmKey(ReadOnlySpan<byte> secret)
    {
        secret.CopyTo(_secret);
        Derive("swarm/1 cookie", _cookieKey);
        Derive("swarm/1 member", _memberKey);
        Span<byte> name = stackalloc byte[sizeof(ulong)];
        Derive("swarm/1 key name", name);
        Id = BinaryPrimitives.ReadUInt64BigEndian(name);
        Span<byte> origin = stackalloc byte[SwarmId.Size];
        Derive("swarm/1 swarm id", origin);
        Origin = SwarmId.Read(origin);
    }

    /// <summary>The public name of this key: tells two keys apart and says nothing of the secret.</summary>
    public ulong Id { get; }

    /// <summary>The origin of the ids of the swarms that this key founds.</summary>
    public SwarmId Origin { get; }

    /// <summary>A new key, known to nobody.</summary>
    public static SwarmKey Create()
    {
        Span<byte> secret = stackalloc byte[Size];
        RandomNumberGenerator.Fill(secret);
        var key = new SwarmKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <summary>The key with these <see cref="Size"/> bytes.</summary>
    /// <exception cref="IdentityException">
    /// They are not random: a passphrase could be guessed by whoever sees a proof.
    /// </exception>
    public static SwarmKey Read(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, Size);

        if (secret.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 || Different(secret) < DifferentBytesMin)
        {
            throw new IdentityException("a swarm key is 256 random bits, and these are not random: whoever sees a "
                + "proof could guess them. Let 'swarm join' make the key.");
        }

        return new SwarmKey(secret);
    }

    /// <summary>Writes the secret into the first <see cref="Size"/> bytes: for key files and join codes only.</summary>
    public void Write(Span<byte> target)
    {
        ObjectDisposedException.ThrowIf(_gone, this);
        _secret.CopyTo(target);
    }

    /// <summary>Names the key without its secret.</summary>
    public override string ToString() => $"swarm key {Id:x16}";

    /// <inheritdoc/>
    public void Dispose()
    {
        _gone = true;
        CryptographicOperations.ZeroMemory(_secret);
        CryptographicOperations.ZeroMemory(_cookieKey);
        CryptographicOperations.ZeroMemory(_memberKey);
    }

    /// <summary>Proves, before TLS, that one knows the key.</summary>
    internal void ProveCookie(ReadOnlySpan<byte> bytes, Span<byte> proof) => Prove(_cookieKey, bytes, proof);

    /// <summary>Whether whoever wrote these bytes before TLS knew the key.</summary>
    internal bool VerifyCookie(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> proof) => Verify(_cookieKey, bytes, proof);

    /// <summary>Proves that the owner of a certificate knows the key.</summary>
    internal void ProveMember(ReadOnlySpan<byte> claim, Span<byte> proof) => Prove(_memberKey, claim, proof);

    /// <summary>Whether the owner of a certificate knew the key.</summary>
    internal bool VerifyMember(ReadOnlySpan<byte> claim, ReadOnlySpan<byte> proof) => Verify(_memberKey, claim, proof);

    private static void Prove(byte[] key, ReadOnlySpan<byte> bytes, Span<byte> proof)
        => HMACSHA256.HashData(key, bytes, proof);

    // Asked for last: a key that is wiped meanwhile is all zeros, with which a stranger could prove anything.
    private bool Verify(byte[] key, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> proof)
    {
        Span<byte> own = stackalloc byte[ProofSize];
        Prove(key, bytes, own);
        return CryptographicOperations.FixedTimeEquals(own, proof) & !_gone;
    }

    private static int Different(ReadOnlySpan<byte> bytes)
    {
        var seen = new HashSet<byte>();

        foreach (byte value in bytes)
        {
            _ = seen.Add(value);
        }

        return seen.Count;
    }

    // The collector leaves no copies of it behind.
    private static byte[] Pinned() => GC.AllocateArray<byte>(Size, pinned: true);

    private void Derive(string info, Span<byte> target)
        => HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, target, salt: [], Encoding.ASCII.GetBytes(info));
}
