using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Swarm.Protocol.Identity;

namespace Swarm.Fuzz;

/// <summary>
/// Certificates of peers and the extensions in them: damaged as a whole, and such whose signature holds over damaged
/// parts.
/// </summary>
internal sealed class CertificatesTarget() : PacketTarget("certificates", [.. Certificates()])
{
    private const int DamagedParts = 400;

    // The platform's parser and two signatures take a hundred times what our own readers do: those see every input,
    // the whole check one in so many of those that could be a certificate.
    private const int CheckedOneIn = 16;

    private const byte List = (byte)UniversalTagNumber.Sequence | 0x20;

    // A length in two bytes: a certificate has hundreds, and the parts in it fewer than 256.
    private const byte LongLength = 0x82;

    private static readonly byte[] Claim =
        MembershipProof.Claim(new byte[PublicKeys.Size], FuzzKeys.Node.Id, FrozenTime.Utc, FrozenTime.Utc);

    private int _longOnes;

    protected override (int Bytes, int Times) Allowed => (64 * 1024, 64);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 2 || packet[0] != List)
        {
            _ = MembershipProof.Holds(Claim, MembershipProof.Read(packet.ToArray()), [FuzzKeys.Swarm]);
        }
        else if (packet[1] >= LongLength && _longOnes++ % CheckedOneIn == 0)
        {
            Check(packet);
        }
        else
        {
            ReadList(packet.ToArray());
        }
    }

    private static void ReadList(byte[] packet)
    {
        try
        {
            if (packet[1] >= LongLength)
            {
                _ = LinkCertificate.ReadSigned(packet);
            }
            else
            {
                _ = PublicKeys.TryFromProtobuf(LinkCertificate.ReadIdentity(packet).Key, out _);
            }
        }
        catch (AsnContentException)
        {
        }
    }

    private static void Check(ReadOnlySpan<byte> packet)
    {
        X509Certificate2 certificate;

        try
        {
            // The platform's own parser, which a peer's certificate has passed when it comes to ours.
            certificate = X509CertificateLoader.LoadCertificate(packet);
        }
        catch (CryptographicException)
        {
            return;
        }

        using (certificate)
        {
            string? refusal = LinkCertificate.Refusal(
                certificate, others: null, expected: null, FrozenTime.Utc, out NodeId node);

            if (refusal is null && node != FuzzKeys.Node.Id)
            {
                throw new InvalidOperationException($"A certificate proves {node}, who never signed one.");
            }

            _ = refusal is null && MembershipProof.Holds(
                MembershipProof.Claim(certificate, node), MembershipProof.Read(certificate), [FuzzKeys.Swarm]);
        }
    }

    private static IEnumerable<byte[]> Certificates()
    {
        var random = new Random(1);
        using X509Certificate2 bare = LinkCertificate.Create(FuzzKeys.Node, FrozenTime.Utc);
        using X509Certificate2 member = LinkCertificate.Create(FuzzKeys.Node, FrozenTime.Utc, [FuzzKeys.Swarm]);
        byte[][] parts = [.. member.Extensions.Select(extension => extension.RawData)];
        string[] names = [.. member.Extensions.Select(extension => extension.Oid!.Value!)];

        for (int i = 0; i < DamagedParts; i++)
        {
            yield return bare.RawData;
            yield return member.RawData;
            byte[][] damaged = [.. parts];
            int which = random.Next(parts.Length);
            damaged[which] = Mutations.Of(random, parts[which]);
            yield return Signed(names, damaged, critical: random.Next(8) == 0);

            foreach (byte[] part in parts)
            {
                yield return part;
            }
        }
    }

    private static byte[] Signed(string[] names, byte[][] parts, bool critical)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=swarm", key, HashAlgorithmName.SHA256);

        for (int i = 0; i < parts.Length; i++)
        {
            request.CertificateExtensions.Add(new X509Extension(names[i], parts[i], critical));
        }

        using X509Certificate2 certificate = request.CreateSelfSigned(
            FrozenTime.Utc.AddHours(-1), FrozenTime.Utc.AddHours(24));
        return certificate.RawData;
    }
}
