using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Swarm.Node.Access;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Tests.Access;

/// <summary>Which key a node takes, and from where.</summary>
[TestFixture]
public sealed class KeySourceTests
{
    private string _folder = "";

    private string KeyFile => Path.Combine(_folder, "swarm.key");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_first_node_makes_a_key_and_finds_it_again()
    {
        using SwarmKeyring? first = Open(new KeySource(_folder));
        using SwarmKeyring? again = Open(new KeySource(_folder), dials: true);
        using SwarmKeyring? guest = new KeySource(_folder).OpenForGuest();

        Assert.That(first, Is.Not.Null);
        Assert.That(again?.Primary.Id, Is.EqualTo(first!.Primary.Id));
        Assert.That(guest?.Primary.Id, Is.EqualTo(first.Primary.Id));
    }

    [Test]
    public void A_node_that_goes_to_others_without_a_key_is_told_how_to_get_it_and_makes_none()
    {
        Assert.That(
            () => Open(new KeySource(_folder), dials: true),
            Throws.TypeOf<CommandException>().With.Message.Contain("swarm join CODE"));
        Assert.That(File.Exists(KeyFile), Is.False);
    }

    [Test]
    public void A_public_swarm_has_no_key_even_where_one_lies()
    {
        Open(new KeySource(_folder))!.Dispose();

        Assert.That(Open(new KeySource(_folder) { IsPublic = true }), Is.Null);
        Assert.That(new KeySource(_folder) { IsPublic = true }.OpenForGuest(), Is.Null);
        Assert.That(Open(new KeySource(_folder) { Code = new JoinCode { Swarm = "main" } }), Is.Null);
    }

    [Test]
    public void A_named_file_that_is_not_there_is_an_error_and_not_a_new_swarm()
        => Assert.That(
            () => Open(new KeySource(_folder) { NamedFile = Path.Combine(_folder, "no.key") }),
            Throws.TypeOf<IdentityException>().With.Message.Contain("no swarm key at"));

    [Test]
    public void The_key_of_a_code_is_kept_for_the_next_time()
    {
        using var theirs = SwarmKeyring.Create();
        using SwarmKeyring? joined = Open(new KeySource(_folder) { Code = Code(theirs) }, dials: true);
        using SwarmKeyring? later = Open(new KeySource(_folder));

        Assert.That(joined?.Primary.Id, Is.EqualTo(theirs.Primary.Id));
        Assert.That(later?.SwarmOf("main"), Is.EqualTo(theirs.SwarmOf("main")));
    }

    [Test]
    public void The_code_of_another_swarm_sets_a_key_aside_and_loses_none()
    {
        using SwarmKeyring? ours = Open(new KeySource(_folder));
        using var theirs = SwarmKeyring.Create();
        using SwarmKeyring? joined = Open(new KeySource(_folder) { Code = Code(theirs) }, dials: true);
        Assert.That(joined?.Primary.Id, Is.EqualTo(theirs.Primary.Id));
        using SwarmKeyring kept = SwarmKeyFile.Load(Directory.GetFiles(_folder, "swarm-*.key").Single());
        Assert.That(kept.Primary.Id, Is.EqualTo(ours!.Primary.Id));
    }

    [Test]
    public void A_key_file_that_a_person_named_and_keys_that_are_added_stay_with_their_swarm()
    {
        using SwarmKeyring? ours = Open(new KeySource(_folder));
        using var theirs = SwarmKeyring.Create();
        Assert.That(
            () => Open(new KeySource(_folder) { NamedFile = KeyFile, Code = Code(theirs) }),
            Throws.TypeOf<CommandException>().With.Message.Contain("--data-dir"));
        Assert.That(
            () => KeySource.Add(KeyFile, theirs),
            Throws.TypeOf<CommandException>().With.Message.Contain("swarm join CODE"));
        using SwarmKeyring kept = SwarmKeyFile.Load(KeyFile);

        Assert.That(kept.Primary.Id, Is.EqualTo(ours!.Primary.Id));
    }

    [Test]
    public void A_guest_without_a_key_is_told_how_to_get_one_and_goes_nowhere()
        => Assert.That(
            () => new KeySource(_folder).OpenForGuest(),
            Throws.TypeOf<CommandException>().With.Message.Contain("--join CODE").And.Message.Contain("--public"));

    [Test]
    public void A_guest_s_keys_are_its_own_each_time()
    {
        using var theirs = SwarmKeyring.Create();
        var keys = new KeySource(_folder) { Code = Code(theirs) };
        keys.OpenForGuest()!.Dispose();
        using SwarmKeyring? again = keys.OpenForGuest();
        byte[] secret = new byte[SwarmKey.Size];
        Assert.That(() => again!.Primary.Write(secret), Throws.Nothing);
    }

    [Test]
    public void Threat_50_A_new_key_of_the_same_swarm_comes_first_and_an_old_code_never_brings_the_old_one_back()
    {
        using SwarmKeyring? ours = Open(new KeySource(_folder));
        using var theirs = new SwarmKeyring([SwarmKey.Create()], ours!.Origin);
        KeySource.Add(KeyFile, theirs);
        using SwarmKeyring both = SwarmKeyFile.Load(KeyFile);
        Assert.That(both.Keys.Select(key => key.Id), Is.EqualTo(new[] { theirs.Primary.Id, ours.Primary.Id }));

        KeySource.Add(KeyFile, ours);
        using SwarmKeyring still = SwarmKeyFile.Load(KeyFile);
        Assert.That(still.Primary.Id, Is.EqualTo(theirs.Primary.Id));
        Assert.That(still.SwarmOf("main"), Is.EqualTo(ours.SwarmOf("main")));
    }

    private static JoinCode Code(SwarmKeyring keyring)
    {
        string text = new JoinCode { Swarm = "main", Keyring = keyring }.Write();
        Assert.That(JoinCode.TryParse(text, out JoinCode? code, out _));
        return code!;
    }

    private static SwarmKeyring? Open(KeySource keys, bool dials = false)
        => keys.OpenForNode(dials, NullLogger.Instance);
}
