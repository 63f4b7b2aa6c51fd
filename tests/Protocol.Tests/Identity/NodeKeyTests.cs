using System.Security.Cryptography;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Tests.Identity;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class NodeKeyTests
{
    // The ECDSA vectors of libp2p's peer-id specification: field 1 and 2 of its protobuf, then the key in DER.
    private const string PrivateVector =
        "08031279307702010104203E5B1FE9712E6C314942A750BD67485DE3C1EFE85B1BFB520AE8F9AE3DFA4A4CA00A06082A8648C"
        + "E3D030107A144"
        + "03420004DE3D300FA36AE0E8F5D530899D83ABAB44ABF3161F162A4BC901D8E6ECDA020E8B6D5F8DA30525E71D6851510C0"
        + "98E5C47C646A5"
        + "97FB4DCEC034E9F77C409E62";

    private const string PublicVector =
        "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44abf31"
        + "61f162a4bc901"
        + "d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62";

    [Test]
    public void The_published_private_key_gives_the_published_public_key()
    {
        using var key = ECDsa.Create();
        key.ImportECPrivateKey(Convert.FromHexString(PrivateVector).AsSpan(4), out _);
        byte[] published = Convert.FromHexString(PublicVector);

        Assert.That(PublicKeys.ToProtobuf(key.ExportSubjectPublicKeyInfo()), Is.EqualTo(published));
        Assert.That(PublicKeys.TryFromProtobuf(published, out byte[] publicKey));
        Assert.That(publicKey, Is.EqualTo(published[4..]));
    }

    [Test]
    public void Other_kinds_of_published_keys_are_refused([Values(
        "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
        "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99")] string other)
        => Assert.That(PublicKeys.TryFromProtobuf(Convert.FromHexString(other), out _), Is.False);

    [Test]
    public void A_name_survives_its_text_form_and_belongs_to_its_key()
    {
        using var key = NodeKey.Create();

        Assert.That(key.Id.ToString(), Does.StartWith("Qm").And.Length.EqualTo(46));
        Assert.That(NodeId.TryParse(key.Id.ToString(), out NodeId parsed));
        Assert.That(parsed, Is.EqualTo(key.Id));
        Assert.That(NodeKey.IdOf(key.PublicKey), Is.EqualTo(key.Id));
    }

    [Test]
    public void A_signature_is_worth_nothing_for_another_domain_payload_or_key()
    {
        using var key = NodeKey.Create();
        using var other = NodeKey.Create();
        byte[] payload = [1, 2, 3];
        byte[] signature = key.Sign("domain/1", payload);

        Assert.That(signature, Has.Length.EqualTo(64));
        Assert.That(NodeKey.Verify(key.PublicKey, "domain/1", payload, signature));
        Assert.That(NodeKey.Verify(key.PublicKey, "domain/2", payload, signature), Is.False);
        Assert.That(NodeKey.Verify(key.PublicKey, "domain/1", [1, 2], signature), Is.False);
        Assert.That(NodeKey.Verify(other.PublicKey, "domain/1", payload, signature), Is.False);
        Assert.That(NodeKey.Verify(key.PublicKey, "domain/1", payload, signature.AsSpan(1)), Is.False);
        Assert.That(NodeKey.Verify([], "domain/1", payload, signature), Is.False);
        Assert.That(NodeKey.Verify(new byte[91], "domain/1", payload, signature), Is.False);
    }

    [Test]
    public void A_point_off_the_curve_is_no_key()
    {
        using var key = NodeKey.Create();
        byte[] off = [.. key.PublicKey];
        off[^1] ^= 1;

        Assert.That(NodeKey.Verify(off, "domain/1", [], key.Sign("domain/1", [])), Is.False);
    }

    [Test]
    public void A_key_file_is_made_once_for_its_owner_only()
    {
        using var folder = new Folder();
        string path = Path.Combine(folder.Path, "deep", "node.pem");
        using var first = NodeKey.LoadOrCreate(path);
        using var second = NodeKey.LoadOrCreate(path);

        Assert.That(second.Id, Is.EqualTo(first.Id));
        Assert.That(File.ReadAllText(path), Does.StartWith("-----BEGIN PRIVATE KEY-----"));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(path)!), Has.Length.EqualTo(1));

        if (!OperatingSystem.IsWindows())
        {
            Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Test]
    public void Many_who_create_the_same_file_at_once_get_the_same_key()
    {
        using var folder = new Folder();

        // A few dozen races: one alone is seldom close.
        for (int race = 0; race < 40; race++)
        {
            string path = Path.Combine(folder.Path, $"{race}.pem");
            NodeKey[] keys = [.. Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8)
                .Select(_ => NodeKey.LoadOrCreate(path))];

            Assert.That(keys.Select(key => key.Id).Distinct().Count(), Is.EqualTo(1));
            Array.ForEach(keys, key => key.Dispose());
        }

        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(40), "no part is left");
    }

    [Test]
    [Platform(Exclude = "Win")]
    public void A_key_file_that_others_can_read_is_refused([Values(
        UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.GroupWrite,
        UnixFileMode.OtherWrite)] UnixFileMode more)
    {
        using var folder = new Folder();
        string path = Path.Combine(folder.Path, "node.pem");
        NodeKey.LoadOrCreate(path).Dispose();

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);
        }

        Assert.That(
            () => NodeKey.LoadOrCreate(path), Throws.TypeOf<IdentityException>().With.Message.Contain("chmod 600"));
    }

    [Test]
    public void A_file_without_a_private_P256_key_is_refused([Values] Content content)
    {
        using var folder = new Folder();
        string path = Path.Combine(folder.Path, "node.pem");
        NodeKey.LoadOrCreate(path).Dispose();
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);

        File.WriteAllText(path, content switch
        {
            Content.Public => p256.ExportSubjectPublicKeyInfoPem(),
            Content.OtherCurve => p384.ExportPkcs8PrivateKeyPem(),
            Content.Rsa => rsa.ExportPkcs8PrivateKeyPem(),
            Content.Garbage => "no key at all",
            Content.Huge => new string('x', 100_000),
            _ => string.Empty,
        });

        Assert.That(() => NodeKey.LoadOrCreate(path), Throws.TypeOf<IdentityException>().With.Message.Contain(path));
    }

    [Test]
    public void Swarms_of_other_names_are_other_swarms()
    {
        var home = SwarmId.FromName("home");

        Assert.That(home.ToString(), Is.EqualTo(SwarmId.FromName("home").ToString()).And.Length.EqualTo(32));
        Assert.That(SwarmId.FromName("Home"), Is.Not.EqualTo(home));
        Assert.That(SwarmId.Read(home.ToByteArray()), Is.EqualTo(home));
    }

    public enum Content
    {
        Empty,
        Garbage,
        Huge,
        Public,
        OtherCurve,
        Rsa,
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("swarm-key-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
