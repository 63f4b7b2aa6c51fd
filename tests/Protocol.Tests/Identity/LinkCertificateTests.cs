using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Tests.Identity;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LinkCertificateTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public void The_published_ecdsa_certificate_proves_the_published_peer()
    {
        Assert.That(Refusal(Vector(CertificateVectors.Ecdsa), out NodeId node), Is.Null);
        Assert.That(node.ToString(), Is.EqualTo(CertificateVectors.EcdsaPeerId));
    }

    [Test]
    public void Threat_3_The_published_certificates_of_other_key_types_are_refused_for_that_reason([Values(
        CertificateVectors.Ed25519, CertificateVectors.Secp256k1)] string vector)
        => Assert.That(Refusal(Vector(vector), out _), Does.Contain("not an ECDSA P-256 key"));

    [Test]
    public void Threat_3_The_published_invalid_certificate_is_refused_for_its_signature()
        => Assert.That(Refusal(Vector(CertificateVectors.Invalid), out _), Does.Contain("did not sign"));

    [Test]
    public void Threat_3_A_published_certificate_with_any_byte_changed_is_refused()
    {
        byte[] vector = Convert.FromHexString(CertificateVectors.Ecdsa);
        int accepted = 0;

        for (int at = 0; at < vector.Length; at++)
        {
            byte[] mutant = [.. vector];
            mutant[at] ^= 0x01;

            try
            {
                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(mutant);
                accepted += Refusal(certificate, out _) is null ? 1 : 0;
            }
            catch (CryptographicException)
            {
                // Not even a certificate.
            }
        }

        Assert.That(accepted, Is.Zero);
    }

    [Test]
    public void A_certificate_of_ours_proves_its_node_to_whoever_expects_it()
    {
        using var key = NodeKey.Create();
        using var other = NodeKey.Create();
        using X509Certificate2 certificate = LinkCertificate.Create(key, Now);

        Assert.That(Refusal(certificate, out NodeId node), Is.Null);
        Assert.That(node, Is.EqualTo(key.Id));
        Assert.That(LinkCertificate.Refusal(certificate, null, key.Id, Now, out _), Is.Null);
        Assert.That(
            LinkCertificate.Refusal(certificate, null, other.Id, Now, out _), Does.Contain(other.Id.ToString()));
        Assert.That(LinkCertificate.Refusal(certificate, [certificate], null, Now, out _), Is.Null);
    }

    [Test]
    public void Threat_3_A_certificate_is_valid_only_in_its_time([Values(-61, -59, 1499, 1501)] int minutes)
    {
        using var key = NodeKey.Create();
        using X509Certificate2 certificate = LinkCertificate.Create(key, Now);
        string? refusal = LinkCertificate.Refusal(certificate, null, null, Now.AddMinutes(minutes), out _);

        Assert.That(refusal, minutes is -59 or 1499 ? Is.Null : Does.Contain("clock"));
    }

    [Test]
    public void Threat_3_No_certificate_or_more_than_one_is_refused()
    {
        using var key = NodeKey.Create();
        using X509Certificate2 certificate = LinkCertificate.Create(key, Now);
        using X509Certificate2 second = LinkCertificate.Create(key, Now);

        Assert.That(LinkCertificate.Refusal(null, null, null, Now, out _), Does.Contain("no certificate"));
        Assert.That(
            LinkCertificate.Refusal(certificate, [certificate, second], null, Now, out _),
            Does.Contain("more than one"));
    }

    [TestCaseSource(nameof(Mutants))]
    public void Threat_3_A_certificate_that_breaks_a_rule_is_refused(Mutant mutant)
    {
        using X509Certificate2 certificate = mutant.Make();
        Assert.That(Refusal(certificate, out _), Does.Contain(mutant.Why));
    }

    private static IEnumerable<Mutant> Mutants()
    {
        yield return new("without extension", "exactly once", () => Make(request => { }));
        yield return new("with two", "exactly once", MakeDouble);
        yield return new("with an unknown critical extension", "critical", () => Make(request =>
        {
            request.CertificateExtensions.Add(Extension(request));
            request.CertificateExtensions.Add(new X509Extension("1.2.3.4", [5, 0], critical: true));
        }));
        yield return new("with a signature over another prefix", "did not sign", () => Make(request =>
            request.CertificateExtensions.Add(Extension(request, prefix: "libp2p-tls-handshake"))));
        yield return new("with bytes behind the pair", "malformed", () => Make(request =>
            request.CertificateExtensions.Add(Altered(request, raw => [.. raw, 0]))));
        yield return new("with half a pair", "malformed", () => Make(request =>
            request.CertificateExtensions.Add(Altered(request, raw => raw[..40]))));
        yield return new("with an empty extension", "malformed", () => Make(request =>
            request.CertificateExtensions.Add(Altered(request, _ => []))));
        yield return new("with an RSA key", "its own P-256 key", MakeRsa);
        yield return new("with a P-384 key", "its own P-256 key", () =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            return Make(request => request.CertificateExtensions.Add(Extension(request)), key);
        });
        yield return new("with SHA-384", "its own P-256 key", () => Make(
            request => request.CertificateExtensions.Add(Extension(request)),
            hash: HashAlgorithmName.SHA384));
        yield return new("signed by somebody else", "its own P-256 key", MakeIssued);
        yield return new("of unusual size", "too large", () => Make(request =>
        {
            request.CertificateExtensions.Add(Extension(request));
            request.CertificateExtensions.Add(new X509Extension("1.2.3.4", new byte[5000], critical: false));
        }));
        yield return new("with times that are none", "malformed", MakeTimeless);
    }

    [Test]
    public void An_unknown_extension_that_is_not_critical_is_ignored()
    {
        using X509Certificate2 certificate = Make(request =>
        {
            request.CertificateExtensions.Add(Extension(request));
            request.CertificateExtensions.Add(new X509Extension("1.2.3.4", [5, 0], critical: false));
        });

        Assert.That(Refusal(certificate, out _), Is.Null);
    }

    [Test]
    public void Our_extension_may_be_critical()
    {
        using X509Certificate2 certificate = Make(request => request.CertificateExtensions.Add(
            new X509Extension(LinkCertificate.ExtensionOid, Extension(request).RawData, critical: true)));

        Assert.That(Refusal(certificate, out _), Is.Null);
    }

    private static string? Refusal(X509Certificate2 certificate, out NodeId node)
        => LinkCertificate.Refusal(certificate, null, null, Now, out node);

    private static X509Certificate2 Vector(string hex)
        => X509CertificateLoader.LoadCertificate(Convert.FromHexString(hex));

    private static X509Certificate2 Make(
        Action<CertificateRequest> fill,
        ECDsa? key = null,
        HashAlgorithmName? hash = null)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key ?? own, hash ?? HashAlgorithmName.SHA256);
        fill(request);
        return request.CreateSelfSigned(Now.AddHours(-1), Now.AddHours(1));
    }

    private static X509Certificate2 MakeRsa()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(Extension(request));
        return request.CreateSelfSigned(Now.AddHours(-1), Now.AddHours(1));
    }

    private static X509Certificate2 MakeIssued()
    {
        using var issuer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", own, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(Extension(request));
        return request.Create(
            new X500DistinguishedName("CN=test"),
            X509SignatureGenerator.CreateForECDsa(issuer),
            Now.AddHours(-1),
            Now.AddHours(1),
            [1, 2, 3]);
    }

    // The platform's parser leaves the two times unread, whatever stands there.
    private static X509Certificate2 MakeTimeless()
    {
        using X509Certificate2 sound = Make(request => request.CertificateExtensions.Add(Extension(request)));
        byte[] bytes = [.. sound.RawData];
        byte[] notAfter = Encoding.ASCII.GetBytes($"{Now.AddHours(1).UtcDateTime:yyMMddHHmm}");
        bytes[bytes.AsSpan().IndexOf(notAfter)] = (byte)'?';
        return X509CertificateLoader.LoadCertificate(bytes);
    }

    // The platform makes no certificate with an extension twice: one is renamed in the bytes, which are signed again.
    private static X509Certificate2 MakeDouble()
    {
        const string Neighbour = "1.3.6.1.4.1.53594.1.9";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 single = Make(
            request =>
            {
                X509Extension extension = Extension(request);
                request.CertificateExtensions.Add(extension);
                request.CertificateExtensions.Add(new X509Extension(Neighbour, extension.RawData, critical: false));
            },
            key);

        AsnReader parts = new AsnReader(single.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        byte[] content = parts.ReadEncodedValue().ToArray();
        int at = content.AsSpan().LastIndexOf(new byte[] { 0x83, 0xA2, 0x5A, 0x01, 0x09 });
        content[at + 4] = 0x01;

        var writer = new AsnWriter(AsnEncodingRules.DER);

        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(content);
            writer.WriteEncodedValue(parts.ReadEncodedValue().Span);
            writer.WriteBitString(
                key.SignData(content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }

        return X509CertificateLoader.LoadCertificate(writer.Encode());
    }

    private static X509Extension Extension(CertificateRequest request, string prefix = "libp2p-tls-handshake:")
    {
        using var node = NodeKey.Create();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        byte[] claim = [.. Encoding.ASCII.GetBytes(prefix), .. request.PublicKey.ExportSubjectPublicKeyInfo()];

        using (writer.PushSequence())
        {
            writer.WriteOctetString(PublicKeys.ToProtobuf(node.PublicKey));
            writer.WriteOctetString(node.SignDer(claim));
        }

        return new X509Extension(LinkCertificate.ExtensionOid, writer.Encode(), critical: false);
    }

    private static X509Extension Altered(CertificateRequest request, Func<byte[], byte[]> change)
        => new(LinkCertificate.ExtensionOid, change(Extension(request).RawData), critical: false);

    public sealed record Mutant(string What, string Why, Func<X509Certificate2> Make)
    {
        public override string ToString() => What;
    }
}
