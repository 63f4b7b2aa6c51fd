using System.Text.Json;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Localhost.Tests;

/// <summary>A swarm from its first node to a replaced key, as people at their devices see it.</summary>
[TestFixture]
public sealed class PrivateSwarmTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_first_node_founds_a_private_swarm_and_its_code_is_all_that_others_need()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using SwarmProcess ann = await JoinAsync("ann", deadline.Token, "--swarm", "home", "--blocks", "0:4");
        string keyFile = Path.Combine(_folder, "ann", "swarm.key");

        if (!OperatingSystem.IsWindows())
        {
            Assert.That(
                File.GetUnixFileMode(keyFile), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }

        SwarmResult invite = await InviteAsync(deadline.Token, "--qr");
        string[] lines = invite.Output.Split('\n');
        Assert.That(lines[0], Does.StartWith("SWARM-"));
        Assert.That(lines[1..], Has.Some.Contains("▀"), "the picture follows the one line");
        using SwarmProcess bob = await JoinAsync("bob", deadline.Token, lines[0], "--blocks", "4:8");

        // Elsewhere: a code, a model's name and nothing else. Here: the node's folder.
        SwarmResult story = await SwarmProcess.RunAsync(
            deadline.Token, "generate", "--join", lines[0], "--data-dir", Path.Combine(_folder, "guest"),
            "--seed", "7", "-n", "5", "The sea");
        Assert.That(story.ExitCode, Is.Zero, story.Errors);
        SwarmResult status = await RunAsync("status", "ann", deadline.Token, "--json");
        Assert.That(JsonSerializer.Deserialize<JsonElement>(status.Output).GetProperty("nodes").GetInt32(), Is.EqualTo(2));

        string door = ann.Output.Split('"').First(word => word.StartsWith("127.0.0.1:", StringComparison.Ordinal));
        SwarmResult stranger = await SwarmProcess.RunAsync(
            deadline.Token, "status", "--swarm", "home", "--bootstrap", door, "--data-dir", Path.Combine(_folder, "none"));
        Assert.That(stranger.ExitCode, Is.EqualTo(1));
        Assert.That(stranger.Errors, Does.Contain("no swarm key").And.Contain("--join CODE"));
        SwarmResult visitor = await SwarmProcess.RunAsync(
            deadline.Token, "status", "--swarm", "home", "--bootstrap", door, "--public");
        Assert.That(visitor.ExitCode, Is.EqualTo(1));
        Assert.That(visitor.Errors, Does.Contain("private swarm").And.Contain("--join CODE"));

        string secret = File.ReadLines(keyFile).ElementAt(2);
        Assert.That(secret, Has.Length.EqualTo(64));
        string said = ann.Output + ann.Errors + bob.Output + bob.Errors + story.Errors + stranger.Errors + invite.Errors;
        Assert.That(said, Does.Not.Contain(secret[..8]).And.Not.Contain(lines[0][..20]), "Threat 51");
        Assert.That((await RunAsync("leave", "bob", deadline.Token)).ExitCode, Is.Zero);
    }

    [Test]
    public async Task The_picture_of_a_code_reads_as_the_code()
    {
        QrReader.RequireOrIgnore();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using SwarmProcess ann = await JoinAsync("ann", deadline.Token, "--swarm", "home", "--blocks", "0:4");
        SwarmResult invite = await InviteAsync(deadline.Token, "--qr");
        string[] lines = invite.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.That(lines[0], Does.StartWith("SWARM-"));
        Assert.That(await QrReader.ReadAsync(lines[1..], _folder, deadline.Token), Is.EqualTo(lines[0]));
    }

    [Test]
    public async Task Threat_50_A_key_is_replaced_while_the_nodes_run_and_the_old_one_is_worth_nothing()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using SwarmProcess ann = await JoinAsync("ann", deadline.Token, "--swarm", "home", "--blocks", "0:4");
        string old = (await InviteAsync(deadline.Token)).Output.Trim();
        using SwarmProcess bob = await JoinAsync("bob", deadline.Token, old, "--blocks", "4:8");

        await ChangeAsync(ann, "ann", "rotate");
        string fresh = (await InviteAsync(deadline.Token)).Output.Trim();
        Assert.That(fresh, Is.Not.EqualTo(old));
        Assert.That(await NodesAsync(old), Is.EqualTo(2), "half-way both codes do");
        await ChangeAsync(bob, "bob", "add", fresh);
        await ChangeAsync(bob, "bob", "drop");
        await ChangeAsync(ann, "ann", "drop");

        Assert.That(await NodesAsync(fresh), Is.EqualTo(2));
        SwarmResult refused = await StatusAsync(old);
        Assert.That(refused.ExitCode, Is.EqualTo(1));
        Assert.That(refused.Errors, Does.Contain("clock or swarm key differs"));
        using SwarmKeyring keyring = SwarmKeyFile.Load(Path.Combine(_folder, "bob", "swarm.key"));
        Assert.That(keyring.Keys, Has.Count.EqualTo(1));

        async Task ChangeAsync(SwarmProcess node, string name, params string[] change)
        {
            SwarmResult done = await RunAsync("key", name, deadline.Token, change);
            Assert.That(done.ExitCode, Is.Zero, done.Errors);
            Assert.That(done.Output, Does.Contain("in use"));
            _ = await node.WaitForAsync("keysChanged", deadline.Token);
        }

        async Task<int> NodesAsync(string code)
        {
            SwarmResult status = await StatusAsync(code);
            Assert.That(status.ExitCode, Is.Zero, status.Errors);
            return JsonSerializer.Deserialize<JsonElement>(status.Output).GetProperty("nodes").GetInt32();
        }

        Task<SwarmResult> StatusAsync(string code) => SwarmProcess.RunAsync(
            deadline.Token, "status", "--json", "--join", code, "--data-dir", Path.Combine(_folder, "none"));
    }

    private async Task<SwarmProcess> JoinAsync(string name, CancellationToken cancel, params string[] arguments)
    {
        var node = SwarmProcess.Start(
        [
            "join", .. arguments, "--model", TestModel.Path, "--name", name, "--listen", "127.0.0.1:0",
            "--data-dir", Path.Combine(_folder, name), "--threads", "1", "--json",
        ]);
        _ = await node.WaitForAsync("serving", cancel);
        return node;
    }

    private Task<SwarmResult> InviteAsync(CancellationToken cancel, params string[] arguments)
        => RunAsync("invite", "ann", cancel, arguments);

    // The words of the verb first, then where its node is.
    private Task<SwarmResult> RunAsync(string verb, string name, CancellationToken cancel, params string[] arguments)
        => SwarmProcess.RunAsync(
            cancel, [verb, .. arguments, "--swarm", "home", "--data-dir", Path.Combine(_folder, name)]);
}
