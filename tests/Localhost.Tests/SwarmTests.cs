using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Placement;

namespace Swarm.Localhost.Tests;

/// <summary>Who finds whom, and what is said when nobody is there.</summary>
[TestFixture]
public sealed class SwarmTests
{
    [Test]
    public async Task The_demo_tells_the_same_story_with_and_without_a_death()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        long started = Stopwatch.GetTimestamp();
        SwarmResult demo = await SwarmProcess.RunAsync(deadline.Token, "demo", "--seed", "3");

        Assert.That(demo.ExitCode, Is.Zero, demo.Output + demo.Errors);
        Assert.That(demo.Output, Does.Contain("killed").And.Contain("repaired after").And.Contain("byte for byte"));
        Assert.That(demo.Output, Does.Not.Contain("\u001b"), "a pipe gets no colours");
        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(TimeSpan.FromSeconds(25)));
    }

    [Test]
    public async Task Without_coverage_the_error_comes_in_five_seconds_and_names_the_blocks()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        _ = await swarm.StartAsync("ann", "0:3", deadline.Token);
        SwarmProcess bob = await swarm.StartAsync("bob", "5:8", deadline.Token);
        JsonElement gap = await bob.WaitForAsync("blocksMissing", deadline.Token);
        Assert.That(gap.GetProperty("blocks").GetString(), Is.EqualTo("3:5"), "who joins last hears what is missing");
        long started = Stopwatch.GetTimestamp();
        SwarmResult result = await SwarmProcess.RunAsync(
            deadline.Token, ["generate", "--model", swarm.Model, .. swarm.Way, "hello"]);

        Assert.That(result.ExitCode, Is.EqualTo(3), result.Errors);
        Assert.That(result.Errors, Does.Contain("Nobody serves blocks 3:5").And.Contain("swarm join --blocks 3:5"));
        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task Two_swarms_on_one_machine_never_mix()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var ours = new LocalSwarm(TestModel.Path);
        using var theirs = new LocalSwarm(TestModel.Path);
        _ = await ours.StartAsync("ann", "0:4", deadline.Token);
        _ = await theirs.StartAsync("bob", "4:8", deadline.Token);

        SwarmResult knock = await SwarmProcess.RunAsync(
            deadline.Token, "status", "--bootstrap", ours.Door, "--swarm", theirs.Name, "--swarm-key", ours.KeyFile);
        Assert.That(knock.ExitCode, Is.EqualTo(1));
        Assert.That(knock.Errors, Does.Contain("another swarm"), "one key, two names");
        SwarmResult strange = await SwarmProcess.RunAsync(
            deadline.Token, "status", "--bootstrap", ours.Door, "--swarm", ours.Name, "--swarm-key", theirs.KeyFile);
        Assert.That(strange.ExitCode, Is.EqualTo(1));
        Assert.That(strange.Errors, Does.Contain("clock or swarm key differs").And.Contain("swarm invite"));

        JsonElement status = await StatusAsync(ours, deadline.Token);
        Assert.That(status.GetProperty("nodes").GetInt32(), Is.EqualTo(1));
        Assert.That(
            status.GetProperty("models")[0].GetProperty("uncovered")[0].GetString(), Is.EqualTo("4:8"), "bob is elsewhere");
    }

    [Test]
    public async Task Nodes_that_choose_for_themselves_cover_the_model_and_status_shows_it()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        _ = await swarm.StartAsync("ann", "0:3", deadline.Token);
        _ = await swarm.StartAsync("bob", "auto", deadline.Token);

        JsonElement model = (await StatusAsync(swarm, deadline.Token)).GetProperty("models")[0];
        Assert.That(model.GetProperty("uncovered").GetArrayLength(), Is.Zero);
        Assert.That(model.GetProperty("nodes").GetArrayLength(), Is.EqualTo(2));
    }

    [Test]
    public async Task Status_shows_how_the_node_of_this_device_is_linked_to_who_can_read_its_folder_only()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        _ = await swarm.StartAsync("ann", "0:4", deadline.Token);
        _ = await swarm.StartAsync("bob", "4:8", deadline.Token);
        string[] here =
            ["--swarm", swarm.Name, "--swarm-key", swarm.KeyFile, "--data-dir", swarm.FolderOf("ann")];

        SwarmResult json = await SwarmProcess.RunAsync(deadline.Token, ["status", "--json", .. here]);
        JsonElement link = JsonSerializer.Deserialize<JsonElement>(json.Output)
            .GetProperty("ownNode").GetProperty("links").EnumerateArray().Single();
        Assert.That(link.GetProperty("name").GetString(), Is.EqualTo("bob"));
        Assert.That(link.GetProperty("way").GetString(), Is.EqualTo("direct"));
        Assert.That(link.GetProperty("seenAt").GetString(), Does.StartWith("127.0.0.1:"));
        SwarmResult text = await SwarmProcess.RunAsync(deadline.Token, ["status", .. here]);
        Assert.That(
            text.Output, Does.Contain("ann, the node of this device, is linked to 1 node:").And.Contain("direct"));

        // Through the same door, from another folder.
        Assert.That((await StatusAsync(swarm, deadline.Token)).TryGetProperty("ownNode", out _), Is.False);
    }

    [Test]
    public async Task Four_nodes_of_half_a_model_that_start_at_once_cover_every_block()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        string memory = MemoryOf(new BlockRange(4, 8)).ToString(CultureInfo.InvariantCulture);
        SwarmProcess door = await swarm.ListenAsync("node1", deadline.Token, "--memory", memory);
        SwarmProcess[] others = await Task.WhenAll(Enumerable.Range(2, 3)
            .Select(number => swarm.ListenAsync($"node{number}", deadline.Token, "--memory", memory)));
        await Task.WhenAll(others.Append(door).Select(node => node.WaitForAsync("serving", deadline.Token)));

        JsonElement model = (await StatusAsync(swarm, deadline.Token)).GetProperty("models")[0];
        Assert.That(model.GetProperty("nodes").GetArrayLength(), Is.EqualTo(4));
        Assert.That(model.GetProperty("uncovered").GetArrayLength(), Is.Zero, $"{model}");
    }

    [Test]
    public async Task An_origin_without_the_file_fetches_tokenizer_and_metadata_from_a_holder()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        _ = await swarm.StartAsync("ann", "0:5", deadline.Token);
        _ = await swarm.StartAsync("bob", "5:8", deadline.Token);
        using SwarmProcess teller = swarm.GenerateByName("The sea", 40);

        Story story = await LocalSwarm.FollowAsync(teller, deadline.Token);
        Assert.That(story.ExitCode, Is.Zero, story.Errors);
        Assert.That(story.Text, Is.EqualTo(await swarm.ExpectedAsync("The sea", 40, deadline.Token)));
    }

    [Test]
    public async Task A_node_that_comes_back_finds_its_swarm_without_being_told_an_address()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        SwarmProcess ann = await swarm.StartAsync("ann", "0:4", deadline.Token);
        SwarmProcess bob = await swarm.StartAsync("bob", "4:8", deadline.Token);
        _ = await ann.WaitForAsync("peerJoined", deadline.Token);
        bob.Signal("INT");
        Assert.That(await bob.ExitAsync(deadline.Token), Is.Zero, bob.Errors);

        // A guest uses what the node remembers: without an address, without a node here, without a network to look at.
        SwarmResult guest = await SwarmProcess.RunAsync(
            deadline.Token, "status", "--json", "--data-dir", swarm.FolderOf("bob"), "--swarm", swarm.Name,
            "--swarm-key", swarm.KeyFile, "--no-lan");
        Assert.That(guest.ExitCode, Is.Zero, guest.Errors);
        Assert.That(
            JsonSerializer.Deserialize<JsonElement>(guest.Output).GetProperty("nodes").GetInt32(), Is.EqualTo(1));

        using var back = SwarmProcess.Start(
            "join", "--model", swarm.Model, "--name", "bob", "--listen", "127.0.0.1:0", "--data-dir", swarm.FolderOf("bob"),
            "--swarm", swarm.Name, "--swarm-key", swarm.KeyFile, "--blocks", "4:8", "--threads", "1", "--json");
        _ = await back.WaitForAsync("nodesRemembered", deadline.Token);
        JsonElement joined = await back.WaitForAsync("swarmJoined", deadline.Token);
        Assert.That(joined.GetProperty("peers").GetInt32(), Is.EqualTo(1), back.Errors);
    }

    [Test]
    public async Task A_second_node_from_the_same_folder_is_refused()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        _ = await swarm.StartAsync("ann", "0:3", deadline.Token);
        SwarmResult second = await SwarmProcess.RunAsync(
            deadline.Token, "join", "--model", swarm.Model, "--data-dir", swarm.FolderOf("ann"), "--swarm", swarm.Name);

        Assert.That(second.ExitCode, Is.EqualTo(1));
        Assert.That(second.Errors, Does.Contain("already runs"));
    }

    // What a span and one session of the whole context take: no node can hold more than half of the model.
    private static long MemoryOf(BlockRange half)
    {
        using var model = ModelFile.Open(TestModel.Path);
        return MemoryPlan.For(model, long.MaxValue).BytesMin(half);
    }

    private static async Task<JsonElement> StatusAsync(LocalSwarm swarm, CancellationToken cancel)
    {
        SwarmResult status = await SwarmProcess.RunAsync(
            cancel, ["status", "--json", .. swarm.Way]);
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        return JsonSerializer.Deserialize<JsonElement>(status.Output);
    }
}
