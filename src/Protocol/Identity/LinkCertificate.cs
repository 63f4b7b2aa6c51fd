using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>
/// The certificate of the libp2p TLS specification: self-signed by a throw-away key, with an extension in which the
/// node's own key signs that throw-away key.
/// </summary>
internal static class LinkCertificate
{
    internal const string ExtensionOid = "1.3.6.1.4.1.53594.1.1";

    // ecdsa-with-SHA256: what this program signs with and all it accepts.
    private const string EcdsaSha256Oid = "1.2.840.10045.4.3.2";

    // A clock may be behind by this much; certificates are renewed long before they end.
    private static readonly TimeSpan Skew = TimeSpan.FromHours(1);
    private static readonly TimeSpan Life = TimeSpan.FromHours(24);

    // Real ones have about 500 bytes.
    private const int CertificateBytesMax = 4096;

    private static readonly byte[] SignedPrefix = Encoding.ASCII.GetBytes("libp2p-tls-handshake:");

    /// <summary>
    /// A fresh certificate with which the node proves its name and, with keys, that it is a member of their swarm.
    /// </summary>
    internal static X509Certificate2 Create(NodeKey node, DateTimeOffset now, IReadOnlyList<SwarmKey>? keys = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=swarm", key, HashAlgorithmName.SHA256);
        byte[] publicKey = key.ExportSubjectPublicKeyInfo();
        byte[] signature = node.SignDer([.. SignedPrefix, .. publicKey]);
        (DateTimeOffset from, DateTimeOffset until) = (now - Skew, now + Life + Skew);

        var writer = new AsnWriter(AsnEncodingRules.DER);

        using (writer.PushSequence())
        {
            writer.WriteOctetString(PublicKeys.ToProtobuf(node.PublicKey));
            writer.WriteOctetString(signature);
        }

        request.CertificateExtensions.Add(new X509Extension(ExtensionOid, writer.Encode(), critical: false));

        if (keys is not null)
        {
            byte[] claim = MembershipProof.Claim(publicKey, node.Id, from, until);
            request.CertificateExtensions.Add(MembershipProof.Extension(MembershipProof.Write(claim, keys)));
        }

        X509Certificate2 certificate = request.CreateSelfSigned(from, until);

        if (!OperatingSystem.IsWindows())
        {
            return certificate;
        }

        // Schannel takes no ephemeral key; one that came out of a PKCS#12 file it takes.
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        }
    }

    /// <summary>
    /// Checks a peer's certificate; null when it proves <paramref name="node"/>, else why it is refused.
    /// </summary>
    /// <param name="certificate">The peer's leaf certificate.</param>
    /// <param name="others">Whatever came with it; must be nothing.</param>
    /// <param name="expected">The only node that may answer, or null.</param>
    /// <param name="now">The time for the certificate's validity.</param>
    /// <param name="node">Who it is.</param>
    internal static string? Refusal(
        X509Certificate2? certificate,
        X509Certificate2Collection? others,
        NodeId? expected,
        DateTimeOffset now,
        out NodeId node)
    {
        node = default;

        if (certificate is null)
        {
            return "The peer shows no certificate.";
        }

        if (others is not null
            && others.Any(other => !other.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)))
        {
            return "The peer shows more than one certificate.";
        }

        if (certificate.RawDataMemory.Length > CertificateBytesMax)
        {
            return "The peer's certificate is too large.";
        }

        try
        {
            // Its times are read only now, and may be none.
            return now < certificate.NotBefore || now > certificate.NotAfter
                ? "The peer's certificate is not valid now; one of the two clocks is wrong."
                : ContentRefusal(certificate, expected, out node);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return $"The peer's certificate is malformed: {e.Message}";
        }
    }

    private static string? ContentRefusal(X509Certificate2 certificate, NodeId? expected, out NodeId node)
    {
        node = default;
        byte[] certificateKey = certificate.PublicKey.ExportSubjectPublicKeyInfo();

        if (!IsSelfSigned(certificate, certificateKey))
        {
            return "The peer's certificate is not signed by its own P-256 key.";
        }

        X509Extension[] ours = [.. certificate.Extensions.Where(extension => extension.Oid?.Value == ExtensionOid)];

        if (ours.Length != 1)
        {
            return "The peer's certificate does not carry the libp2p extension exactly once.";
        }

        if (certificate.Extensions.Any(extension => extension.Critical && extension != ours[0]))
        {
            return "The peer's certificate has a critical extension that is unknown here.";
        }

        (byte[] encodedKey, byte[] signature) = ReadIdentity(ours[0].RawData);

        if (!PublicKeys.TryFromProtobuf(encodedKey, out byte[] publicKey))
        {
            return "The peer's identity is not an ECDSA P-256 key.";
        }

        using ECDsa? key = PublicKeys.Import(publicKey);
        byte[] claim = [.. SignedPrefix, .. certificateKey];

        if (key is null
            || !key.VerifyData(claim, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
        {
            return "The peer's identity did not sign its certificate.";
        }

        node = NodeKey.IdOf(publicKey);

        return expected is { } wanted && wanted != node
            ? $"Another node answers: {node} instead of {wanted}."
            : null;
    }

    /// <summary>The extension's content: the identity's key in libp2p's protobuf, and what it signed.</summary>
    /// <exception cref="AsnContentException">It is something else.</exception>
    internal static (byte[] Key, byte[] Signature) ReadIdentity(ReadOnlyMemory<byte> extension)
    {
        var reader = new AsnReader(extension, AsnEncodingRules.DER);
        AsnReader pair = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        byte[] key = pair.ReadOctetString();
        byte[] signature = pair.ReadOctetString();
        pair.ThrowIfNotEmpty();
        return (key, signature);
    }

    /// <summary>
    /// Certificate ::= SEQUENCE { toBeSigned, algorithm, BIT STRING }; no signature when the algorithm is none that is
    /// accepted.
    /// </summary>
    /// <exception cref="AsnContentException">It is something else.</exception>
    internal static (ReadOnlyMemory<byte> ToBeSigned, byte[]? Signature) ReadSigned(ReadOnlyMemory<byte> certificate)
    {
        var reader = new AsnReader(certificate, AsnEncodingRules.DER);
        AsnReader parts = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        ReadOnlyMemory<byte> toBeSigned = parts.ReadEncodedValue();
        AsnReader algorithm = parts.ReadSequence();
        byte[] signature = parts.ReadBitString(out int unused);
        parts.ThrowIfNotEmpty();
        return (toBeSigned, unused == 0 && algorithm.ReadObjectIdentifier() == EcdsaSha256Oid ? signature : null);
    }

    private static bool IsSelfSigned(X509Certificate2 certificate, byte[] certificateKey)
    {
        (ReadOnlyMemory<byte> toBeSigned, byte[]? signature) = ReadSigned(certificate.RawDataMemory);
        using ECDsa? key = PublicKeys.Import(certificateKey);

        return signature is not null
            && key is not null
            && key.VerifyData(
                toBeSigned.Span,
                signature,
                HashAlgorithmName.SHA256,
                DSASignatureFormat.Rfc3279DerSequence);
    }
}
