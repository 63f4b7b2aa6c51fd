using System.Diagnostics;
using NUnit.Framework;
using Swarm.Testing;

namespace Swarm.Localhost.Tests;

/// <summary>Real processes die, stall and leave, and the text stays what it was.</summary>
[TestFixture]
public sealed class RepairTests
{
    private const string Prompt = "Once upon a time";
    private const int Tokens = 300;

    private string _expected = "";

    [OneTimeSetUp]
    public async Task ComputeAloneAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        _expected = await swarm.ExpectedAsync(Prompt, Tokens, deadline.Token);
        Assert.That(_expected, Is.Not.Empty);
    }

    [Test]
    public async Task A_killed_stage_is_replaced_and_the_text_is_the_same([Values(0, 1, 2)] int stage)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using LocalSwarm swarm = await ThreeStagesAsync(deadline.Token);
        using SwarmProcess teller = swarm.Generate(Prompt, Tokens);
        string killed = "";

        Story story = await LocalSwarm.FollowAsync(teller, deadline.Token, (count, route) =>
        {
            if (count >= 20 && killed.Length == 0)
            {
                killed = route[stage];
                swarm.Nodes[killed].Kill();
            }
        });

        Assert.That(story.ExitCode, Is.Zero, story.Errors);
        Assert.That(story.Text, Is.EqualTo(_expected));
        Assert.That(story.Routes, Has.Count.GreaterThan(1));
        Assert.That(story.Routes[^1], Does.Not.Contain(killed));
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task A_stopped_stage_is_routed_around_within_five_seconds_and_waking_it_changes_nothing()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using LocalSwarm swarm = await ThreeStagesAsync(deadline.Token);
        using SwarmProcess teller = swarm.Generate(Prompt, Tokens);
        string stopped = "";
        bool woken = false;

        Story story = await LocalSwarm.FollowAsync(teller, deadline.Token, (count, route) =>
        {
            if (count >= 20 && stopped.Length == 0)
            {
                stopped = route[1];
                swarm.Nodes[stopped].Signal("STOP");
            }
            else if (stopped.Length > 0 && !woken && !route.Contains(stopped))
            {
                woken = true;
                swarm.Nodes[stopped].Signal("CONT");
            }
        });

        Assert.That(story.ExitCode, Is.Zero, story.Errors);
        Assert.That(story.Text, Is.EqualTo(_expected));
        Assert.That(woken, Is.True);
        Assert.That(story.PausesMs.Max(), Is.LessThan(5000));
    }

    [Test]
    public async Task A_model_of_the_kit_that_only_the_nodes_have_survives_a_killed_stage()
    {
        if (Kit.Files("trained", "*.gguf") is not [string model, ..])
        {
            Assert.That(Kit.IsRequired, Is.False, "the kit is missing");
            Assert.Ignore("not run: there is no kit");
            return;
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(model);
        _ = await swarm.StartAsync("a1", "0:3", deadline.Token);
        await Task.WhenAll(swarm.StartAsync("b1", "3:5", deadline.Token), swarm.StartAsync("b2", "3:5", deadline.Token));
        using SwarmProcess teller = swarm.GenerateByName(Prompt, 150);
        string killed = "";

        Story story = await LocalSwarm.FollowAsync(teller, deadline.Token, (count, route) =>
        {
            if (count >= 20 && killed.Length == 0)
            {
                killed = route[1];
                swarm.Nodes[killed].Kill();
            }
        });

        Assert.That(story.ExitCode, Is.Zero, story.Errors);
        Assert.That(story.Text, Is.EqualTo(await swarm.ExpectedAsync(Prompt, 150, deadline.Token)));
        Assert.That(story.Routes, Has.Count.GreaterThan(1));
    }

    [Test]
    public async Task A_leaving_node_finishes_its_session_and_exits_with_zero()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        SwarmProcess node = await swarm.StartAsync("ann", "0:8", deadline.Token);
        using SwarmProcess teller = swarm.Generate(Prompt, Tokens);
        Task<SwarmResult>? leave = null;

        Story story = await LocalSwarm.FollowAsync(teller, deadline.Token, (count, _) =>
        {
            if (count >= 20)
            {
                leave ??= SwarmProcess.RunAsync(
                    deadline.Token, "leave", "--data-dir", swarm.FolderOf("ann"), "--swarm", swarm.Name);
            }
        });

        SwarmResult left = await leave!;
        Assert.That(left.ExitCode, Is.Zero, left.Errors);
        Assert.That(await node.ExitAsync(deadline.Token), Is.Zero, node.Errors);
        Assert.That(story.ExitCode, Is.Zero, story.Errors);
        Assert.That(story.Text, Is.EqualTo(_expected));
        Assert.That(story.PausesMs, Is.Empty);
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task Ctrl_C_at_the_origin_frees_every_stage_and_exits_with_130()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var swarm = new LocalSwarm(TestModel.Path);
        SwarmProcess node = await swarm.StartAsync("ann", "0:8", deadline.Token);
        using SwarmProcess teller = swarm.Generate(Prompt, 900);
        bool asked = false;

        Story story = await LocalSwarm.FollowAsync(teller, deadline.Token, (count, _) =>
        {
            if (count >= 5 && !asked)
            {
                // A node that stands still: the story cannot end by itself before the signal is heard.
                asked = true;
                node.Signal("STOP");
                teller.Signal(Interrupt());
            }
        });

        Assert.That(story.ExitCode, Is.EqualTo(130), story.Errors);
        node.Signal("CONT");
        long started = Stopwatch.GetTimestamp();
        _ = await node.WaitForAsync("sessionEnded", deadline.Token);
        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(TimeSpan.FromSeconds(2)));
    }

    // What a shell starts in the background ignores SIGINT, and so does all that it starts. SIGTERM means the same.
    private static string Interrupt()
    {
        const int InterruptBit = 1 << (2 - 1);
        string ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        bool isIgnored = (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & InterruptBit) != 0;
        return isIgnored ? "TERM" : "INT";
    }

    // Six nodes: each of three stages has a second holder.
    private static async Task<LocalSwarm> ThreeStagesAsync(CancellationToken cancel)
    {
        var swarm = new LocalSwarm(TestModel.Path);

        try
        {
            _ = await swarm.StartAsync("a1", "0:3", cancel);
            await Task.WhenAll(new[] { ("a2", "0:3"), ("b1", "3:6"), ("b2", "3:6"), ("c1", "6:8"), ("c2", "6:8") }
                .Select(node => swarm.StartAsync(node.Item1, node.Item2, cancel)));
            return swarm;
        }
        catch
        {
            swarm.Dispose();
            throw;
        }
    }
}
