using System.Security.Cryptography.X509Certificates;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Tests.Identity;

/// <summary>The proof of membership in a certificate (THREATS row 3): whose it is, and whose it is not.</summary>
[TestFixture]
public sealed class MembershipProofTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, 500, TimeSpan.Zero);

    private readonly SwarmKey _ours = SwarmKey.Create();
    private readonly SwarmKey _next = SwarmKey.Create();
    private readonly SwarmKey _foreign = SwarmKey.Create();
    private readonly NodeKey _node = NodeKey.Create();
    private readonly NodeKey _other = NodeKey.Create();

    [OneTimeTearDown]
    public void Dispose()
    {
        _ours.Dispose();
        _next.Dispose();
        _foreign.Dispose();
        _node.Dispose();
        _other.Dispose();
    }

    [Test]
    public void A_certificate_proves_every_key_of_its_maker_and_no_other()
    {
        using X509Certificate2 certificate = LinkCertificate.Create(_node, Now, [_ours, _next]);
        Assert.That(LinkCertificate.Refusal(certificate, null, _node.Id, Now, out _), Is.Null);

        Assert.That(Proves(certificate, [_ours]));
        Assert.That(Proves(certificate, [_next]));
        Assert.That(Proves(certificate, [_foreign, _next]));
        Assert.That(Proves(certificate, [_foreign]), Is.False);
        Assert.That(Proves(certificate, []), Is.False);
    }

    [Test]
    public void A_full_keyring_fits_a_certificate()
    {
        SwarmKey[] keys = [.. Enumerable.Range(0, SwarmKeyring.KeysMax).Select(_ => SwarmKey.Create())];
        using X509Certificate2 certificate = LinkCertificate.Create(_node, Now, keys);

        Assert.That(certificate.RawDataMemory.Length, Is.LessThan(1024));
        Assert.That(keys.All(key => Proves(certificate, [key])));
        Array.ForEach(keys, key => key.Dispose());
    }

    [Test]
    public void Threat_3_A_certificate_without_a_proof_or_with_one_of_another_key_is_refused()
    {
        using X509Certificate2 without = LinkCertificate.Create(_node, Now);
        using X509Certificate2 empty = LinkCertificate.Create(_node, Now, []);
        using X509Certificate2 foreign = LinkCertificate.Create(_node, Now, [_foreign]);

        Assert.That(Proves(without, [_ours]), Is.False);
        Assert.That(Proves(empty, [_ours]), Is.False);
        Assert.That(Proves(foreign, [_ours]), Is.False);
    }

    [Test]
    public void Threat_3_A_proof_is_worth_nothing_for_another_certificate_node_or_time()
    {
        using X509Certificate2 certificate = LinkCertificate.Create(_node, Now, [_ours]);
        using X509Certificate2 another = LinkCertificate.Create(_node, Now);
        byte[] proofs = MembershipProof.Read(certificate);
        byte[] spki = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        DateTimeOffset from = certificate.NotBefore.ToUniversalTime();
        DateTimeOffset until = certificate.NotAfter.ToUniversalTime();
        bool Holds(byte[] claim) => MembershipProof.Holds(claim, proofs, [_ours]);

        Assert.That(Holds(MembershipProof.Claim(spki, _node.Id, from, until)));
        Assert.That(Holds(MembershipProof.Claim(another, _node.Id)), Is.False);
        Assert.That(Holds(MembershipProof.Claim(spki, _other.Id, from, until)), Is.False);
        Assert.That(Holds(MembershipProof.Claim(spki, _node.Id, from.AddSeconds(-1), until)), Is.False);
        Assert.That(Holds(MembershipProof.Claim(spki, _node.Id, from, until.AddSeconds(1))), Is.False);
    }

    [Test]
    public void Threat_3_A_proof_with_any_bit_changed_or_of_another_length_is_refused()
    {
        using X509Certificate2 certificate = LinkCertificate.Create(_node, Now, [_ours]);
        byte[] claim = MembershipProof.Claim(certificate, _node.Id);
        byte[] proofs = MembershipProof.Read(certificate);
        Assert.That(proofs, Has.Length.EqualTo(40));

        for (int bit = 0; bit < proofs.Length * 8; bit++)
        {
            byte[] mutant = [.. proofs];
            mutant[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(MembershipProof.Holds(claim, mutant, [_ours]), Is.False, $"bit {bit}");
        }

        foreach (int length in (int[])[0, 1, 8, 39])
        {
            Assert.That(MembershipProof.Holds(claim, proofs.AsSpan(0, length), [_ours]), Is.False, $"{length} bytes");
        }

        byte[] many = [.. Enumerable.Repeat(new byte[40], SwarmKeyring.KeysMax).SelectMany(entry => entry), .. proofs];
        Assert.That(MembershipProof.Holds(claim, many, [_ours]), Is.False, "more entries than a keyring has keys");
        Assert.That(MembershipProof.Holds(claim, many.AsSpan(40), [_ours]));
    }

    private bool Proves(X509Certificate2 certificate, SwarmKey[] keys) => MembershipProof.Holds(
        MembershipProof.Claim(certificate, _node.Id), MembershipProof.Read(certificate), keys);
}
