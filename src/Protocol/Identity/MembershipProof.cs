using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Swarm.Protocol.Identity;

/// <summary>
/// The second proof of membership: for each key of the owner's keyring, the key's name and an HMAC over what makes the
/// owner's certificate its own, so that nobody can show it as theirs. In an extension of the certificate, and again on
/// the link when the keyring changes.
/// </summary>
internal static class MembershipProof
{
    /// <summary>A UUID's place in the tree of object identifiers (ITU-T X.667), which nobody else has.</summary>
    internal const string ExtensionOid = "2.25.263382769395074135462914780395420975988";

    /// <summary>One key's part: its name and its HMAC.</summary>
    internal const int EntryBytes = sizeof(ulong) + SwarmKey.ProofSize;

    /// <summary>The proofs of a whole keyring.</summary>
    internal const int BytesMax = SwarmKeyring.KeysMax * EntryBytes;

    /// <summary>What the HMACs of one certificate cover.</summary>
    internal static byte[] Claim(ReadOnlyMemory<byte> publicKey, NodeId node, DateTimeOffset from, DateTimeOffset until)
    {
        byte[] name = new byte[NodeId.Size];
        byte[] times = new byte[2 * sizeof(long)];
        node.Write(name);
        BinaryPrimitives.WriteInt64BigEndian(times, from.ToUnixTimeSeconds());
        BinaryPrimitives.WriteInt64BigEndian(times.AsSpan(sizeof(long)), until.ToUnixTimeSeconds());
        return SignedBytes.Layout("swarm-member/1", publicKey, name, times);
    }

    /// <summary>The claim of a certificate whose owner is known.</summary>
    internal static byte[] Claim(X509Certificate2 certificate, NodeId node) => Claim(
        certificate.PublicKey.ExportSubjectPublicKeyInfo(),
        node,
        new DateTimeOffset(certificate.NotBefore.ToUniversalTime()),
        new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));

    /// <summary>Proves a claim with every key.</summary>
    internal static byte[] Write(ReadOnlySpan<byte> claim, IReadOnlyList<SwarmKey> keys)
    {
        byte[] proofs = new byte[keys.Count * EntryBytes];

        for (int i = 0; i < keys.Count; i++)
        {
            Span<byte> entry = proofs.AsSpan(i * EntryBytes, EntryBytes);
            BinaryPrimitives.WriteUInt64BigEndian(entry, keys[i].Id);
            keys[i].ProveMember(claim, entry[sizeof(ulong)..]);
        }

        return proofs;
    }

    /// <summary>Whether the proofs show that the owner of the claim knows one of these keys.</summary>
    internal static bool Holds(ReadOnlySpan<byte> claim, ReadOnlySpan<byte> proofs, IReadOnlyList<SwarmKey> keys)
    {
        if (proofs.Length > BytesMax || proofs.Length % EntryBytes != 0)
        {
            return false;
        }

        for (; proofs.Length > 0; proofs = proofs[EntryBytes..])
        {
            ulong name = BinaryPrimitives.ReadUInt64BigEndian(proofs);

            foreach (SwarmKey key in keys)
            {
                if (key.Id == name && key.VerifyMember(claim, proofs[sizeof(ulong)..EntryBytes]))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The extension that carries proofs in a certificate.</summary>
    internal static X509Extension Extension(ReadOnlySpan<byte> proofs)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(proofs);
        return new X509Extension(ExtensionOid, writer.Encode(), critical: false);
    }

    /// <summary>The proofs in a certificate; none when there are none, or twice, or malformed ones.</summary>
    internal static byte[] Read(X509Certificate2 certificate)
    {
        X509Extension[] ours = [.. certificate.Extensions.Where(extension => extension.Oid?.Value == ExtensionOid)];

        return ours.Length == 1 ? Read(ours[0].RawData) : [];
    }

    /// <summary>The proofs in an extension's content; none when it is malformed.</summary>
    internal static byte[] Read(ReadOnlyMemory<byte> extension)
    {
        try
        {
            var reader = new AsnReader(extension, AsnEncodingRules.DER);
            byte[] proofs = reader.ReadOctetString();
            reader.ThrowIfNotEmpty();
            return proofs;
        }
        catch (AsnContentException)
        {
            return [];
        }
    }
}
