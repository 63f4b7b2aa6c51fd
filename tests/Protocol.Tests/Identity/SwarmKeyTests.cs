using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Tests.Identity;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SwarmKeyTests
{
    // Computed by another program from the definitions in the documentation.
    private const string Secret = "261d420a9b681b1578bbaf3c5895d5207b8397e3362ce609dcf2d172ec5eb87a";
    private const string File1 = $"/key/swarm/psk/1.0.0/\n/base16/\n{Secret}\n";

    [Test]
    public void What_comes_from_a_secret_is_pinned_by_vectors()
    {
        using SwarmKeyring keyring = SwarmKeyFile.Parse(File1);
        SwarmKey key = keyring.Primary;
        byte[] claim = MembershipProof.Claim(
            new byte[91],
            NodeId.Read([.. Enumerable.Range(0, 32).Select(i => (byte)i)]),
            DateTimeOffset.FromUnixTimeSeconds(1780000000),
            DateTimeOffset.FromUnixTimeSeconds(1780100000));

        Assert.That(key.Id, Is.EqualTo(0x13d291540fcb1a79));
        Assert.That(key.Origin.ToString(), Is.EqualTo("7843afbbe40e9b74a043e7d9d0727105"));
        Assert.That(keyring.SwarmOf("main").ToString(), Is.EqualTo("d10b54ac790618c48251bf5db0f89714"));
        Assert.That(
            Convert.ToHexStringLower(MembershipProof.Write(claim, [key])),
            Is.EqualTo("13d291540fcb1a79980d9540ec7fa4e550925154550985ffaebf16839af1457571b2adce957c8647"));
    }

    [Test]
    public void Two_names_or_two_keys_are_two_swarms_and_none_is_the_public_one()
    {
        using var one = SwarmKeyring.Create();
        using var other = SwarmKeyring.Create();
        SwarmId[] ids =
        [
            one.SwarmOf("main"), one.SwarmOf("home"), other.SwarmOf("main"), SwarmId.FromName("main"), one.Origin,
        ];

        Assert.That(ids, Is.Unique);
    }

    [Test]
    public void A_key_file_is_one_that_libp2p_reads()
    {
        using SwarmKeyring keyring = SwarmKeyFile.Parse(File1);
        Assert.That(SwarmKeyFile.Format(keyring) + "\n", Is.EqualTo(File1));

        using SwarmKeyring windows = SwarmKeyFile.Parse(File1.Replace("\n", "\r\n", StringComparison.Ordinal));
        Assert.That(windows.Primary.Id, Is.EqualTo(keyring.Primary.Id));
    }

    [Test]
    public void A_keyring_survives_its_file_and_keeps_its_swarm_when_its_key_is_replaced()
    {
        using SwarmKeyring keyring = SwarmKeyFile.Parse(File1);
        SwarmId swarm = keyring.SwarmOf("main");
        keyring.Replace([SwarmKey.Create(), .. keyring.Keys]);
        using SwarmKeyring both = SwarmKeyFile.Parse(SwarmKeyFile.Format(keyring));
        Assert.That(both.Keys.Select(key => key.Id), Is.EqualTo(keyring.Keys.Select(key => key.Id)));

        both.Replace([both.Primary]);
        using SwarmKeyring last = SwarmKeyFile.Parse(SwarmKeyFile.Format(both));
        Assert.That(last.Keys, Has.Count.EqualTo(1));
        Assert.That(last.SwarmOf("main"), Is.EqualTo(swarm));
    }

    [TestCase("correct horse battery staple", TestName = "A passphrase")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\ncorrect horse battery staple", TestName = "A passphrase in the format")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\n"
        + "636f727265637420686f727365206261747465727920737461706c652c20796573", TestName = "A passphrase in digits")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\n"
        + "0101010101010101010101010101010101010101010101010101010101010101", TestName = "A pattern")]
    [TestCase("/key/swarm/psk/1.0.0/\n/bin/\n" + Secret, TestName = "Another encoding")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\n" + Secret + "00", TestName = "Too long")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\nx" + "61d420a9b681b1578bbaf3c5895d5207b8397e3362ce609dcf2d172ec5eb87a",
        TestName = "No digit")]
    [TestCase("/key/swarm/psk/2.0.0/\n/base16/\n" + Secret, TestName = "Another version")]
    [TestCase("/swarm/origin/1.0.0/\n/base16/\n7843afbbe40e9b74a043e7d9d0727105", TestName = "An origin alone")]
    [TestCase("", TestName = "Nothing")]
    public void What_is_no_random_key_is_refused_and_not_repeated(string text)
    {
        IdentityException? refusal = Assert.Throws<IdentityException>(() => SwarmKeyFile.Parse(text));

        Assert.That(refusal!.Message, Does.Contain("swarm join"));
        Assert.That(refusal.Message, Does.Not.Contain("horse").And.Not.Contain("261d").And.Not.Contain("0101"));
    }

    [Test]
    public void Threat_51_A_key_file_is_its_owners_alone_and_one_that_others_read_is_refused()
    {
        string folder = Directory.CreateTempSubdirectory("swarm-key-").FullName;

        try
        {
            string path = Path.Combine(folder, "deep", "swarm.key");
            using SwarmKeyring made = SwarmKeyFile.LoadOrCreate(path);
            using SwarmKeyring found = SwarmKeyFile.LoadOrCreate(path);
            Assert.That(found.Primary.Id, Is.EqualTo(made.Primary.Id));

            found.Replace([SwarmKey.Create(), .. found.Keys]);
            SwarmKeyFile.Save(path, found);
            using SwarmKeyring saved = SwarmKeyFile.Load(path);
            Assert.That(saved.Keys, Has.Count.EqualTo(2));
            Assert.That(Directory.GetFiles(Path.GetDirectoryName(path)!), Has.Length.EqualTo(1), "no part stays");

            if (!OperatingSystem.IsWindows())
            {
                const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                Assert.That(File.GetUnixFileMode(path), Is.EqualTo(Owner));
                File.SetUnixFileMode(path, Owner | UnixFileMode.GroupRead);
                Assert.That(
                    () => SwarmKeyFile.Load(path),
                    Throws.TypeOf<IdentityException>().With.Message.Contain("chmod 600"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Threat_51_A_key_names_itself_without_its_secret_and_is_wiped_when_disposed_of()
    {
        using SwarmKeyring keyring = SwarmKeyFile.Parse(File1);
        SwarmKey key = keyring.Primary;
        byte[] proof = new byte[SwarmKey.ProofSize];
        key.ProveCookie([1, 2, 3], proof);
        Assert.That(key.VerifyCookie([1, 2, 3], proof));
        Assert.That(key.VerifyMember([1, 2, 3], proof), Is.False, "one proof is worth nothing as the other");
        Assert.That(key.ToString(), Is.EqualTo("swarm key 13d291540fcb1a79"));
        Assert.That(SwarmKeyFile.Format(keyring), Does.Not.Contain("13d291540fcb1a79"));

        key.Dispose();
        Assert.That(() => key.Write(new byte[32]), Throws.TypeOf<ObjectDisposedException>());
        key.ProveCookie([1, 2, 3], proof);
        Assert.That(key.VerifyCookie([1, 2, 3], proof), Is.False, "a wiped key proves nothing");
    }

    [Test]
    public void A_keyring_has_one_to_four_keys_and_wipes_those_that_leave()
    {
        using var keyring = SwarmKeyring.Create();
        SwarmKey first = keyring.Primary;
        int changes = 0;
        keyring.Changed += () => changes++;
        keyring.Replace([SwarmKey.Create(), first, first]);
        Assert.That(keyring.Keys, Has.Count.EqualTo(2));
        Assert.That(keyring.Keys[1], Is.SameAs(first), "whoever proves with it at this moment goes on");
        Assert.That(
            () => keyring.Replace([.. keyring.Keys, SwarmKey.Create(), SwarmKey.Create(), SwarmKey.Create()]),
            Throws.TypeOf<IdentityException>());
        Assert.That(() => keyring.Replace([]), Throws.TypeOf<IdentityException>());

        keyring.Replace([keyring.Primary]);
        Assert.That(() => first.Write(new byte[32]), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(changes, Is.EqualTo(2));
    }
}
