using System.Security.Cryptography;

namespace Swarm.Protocol.Identity;

/// <summary>A node's key pair: proves its name and signs what it says.</summary>
/// <remarks>
/// Always ECDSA P-256. Only simulations of thousands of nodes, where signatures would be most of the work, have a kind
/// of their own.
/// </remarks>
public class NodeKey : IDisposable
{
    // A P-256 key in PEM takes about 240 bytes; nothing larger is read.
    private const int PemBytesMax = 4096;

    private readonly ECDsa? _key;

    private NodeKey(ECDsa key)
        : this(key.ExportSubjectPublicKeyInfo())
        => _key = key;

    private protected NodeKey(byte[] publicKey) => (PublicKey, Id) = (publicKey, IdOf(publicKey));

    /// <summary>The name this key proves.</summary>
    public NodeId Id { get; }

    /// <summary>The public half as SubjectPublicKeyInfo, 91 bytes.</summary>
    public byte[] PublicKey { get; }

    /// <summary>How signatures of keys of this kind are checked.</summary>
    public virtual SignatureCheck Check => VerifyLaidOut;

    private ECDsa Private => _key ?? throw new InvalidOperationException("A simulated key proves nothing to others.");

    /// <summary>A new identity, known to nobody.</summary>
    public static NodeKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads the identity in a file, or makes one there that only its owner can read.</summary>
    /// <exception cref="IdentityException">The file is readable by others, or holds no P-256 key.</exception>
    public static NodeKey LoadOrCreate(string pemPath)
    {
        string path = Path.GetFullPath(pemPath);

        if (!File.Exists(path))
        {
            using NodeKey key = Create();
            SecretFile.Create(path, key.Private.ExportPkcs8PrivateKeyPem());
        }

        return Load(path);
    }

    /// <summary>The name that belongs to a public key: SHA-256 of libp2p's encoding of it.</summary>
    public static NodeId IdOf(ReadOnlySpan<byte> publicKey)
        => NodeId.Read(SHA256.HashData(PublicKeys.ToProtobuf(publicKey)));

    /// <summary>Signs a payload for one purpose; a signature for one domain is worth nothing in another.</summary>
    public byte[] Sign(string domain, ReadOnlySpan<byte> payload)
        => SignLaidOut(SignedBytes.Layout(domain, payload.ToArray()));

    /// <summary>Whether the owner of <paramref name="publicKey"/> signed this payload for this domain.</summary>
    public static bool Verify(
        ReadOnlySpan<byte> publicKey,
        string domain,
        ReadOnlySpan<byte> payload,
        ReadOnlySpan<byte> signature,
        SignatureCheck? check = null)
        => (check ?? VerifyLaidOut)(publicKey, SignedBytes.Layout(domain, payload.ToArray()), signature);

    /// <inheritdoc/>
    public void Dispose()
    {
        _key?.Dispose();
        GC.SuppressFinalize(this);
    }

    internal virtual byte[] SignLaidOut(byte[] bytes) => Private.SignData(bytes, HashAlgorithmName.SHA256);

    // The libp2p extension wants DER where our own records have the fixed-size form.
    internal byte[] SignDer(byte[] bytes)
        => Private.SignData(bytes, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    internal static bool VerifyLaidOut(
        ReadOnlySpan<byte> publicKey,
        ReadOnlySpan<byte> bytes,
        ReadOnlySpan<byte> signature)
    {
        if (signature.Length != PublicKeys.SignatureSize)
        {
            return false;
        }

        using ECDsa? key = PublicKeys.Import(publicKey);
        return key is not null && key.VerifyData(bytes, signature, HashAlgorithmName.SHA256);
    }

    private static NodeKey Load(string path)
    {
        string pem = SecretFile.Read(path, PemBytesMax);
        var key = ECDsa.Create();

        try
        {
            key.ImportFromPem(pem);

            // Exporting tells a private key from a public one, and the encoding tells the curve.
            if (PublicKeys.IsWellFormed(key.ExportSubjectPublicKeyInfo()) && key.ExportECPrivateKey().Length > 0)
            {
                return new NodeKey(key);
            }
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new IdentityException($"{path} holds no private key in PEM.", e);
        }

        key.Dispose();
        throw new IdentityException($"{path} holds a key of another kind than ECDSA P-256.");
    }
}
