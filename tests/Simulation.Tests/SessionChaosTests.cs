using NUnit.Framework;
using Swarm.Node.Generation;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Testing;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>Two hundred seeds of random spans, faults and moments: every answer is right, or refused in time.</summary>
[TestFixture]
public sealed class SessionChaosTests
{
    private const int Seeds = 200;
    private const int Tokens = 40;
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(3);

    [Test]
    public void Every_finished_stream_is_the_one_of_a_single_process()
    {
        var seen = new Dictionary<string, int>();

        for (int seed = 0; seed < Seeds; seed++)
        {
            foreach (string what in Story(seed).Split(' '))
            {
                string kind = what.Split(':')[0];
                seen[kind] = seen.GetValueOrDefault(kind) + 1;
            }
        }

        // An injector that never strikes, or a repair that never happens, tests nothing.
        foreach (string must in (string[])["finished", "refused", "repaired", "kill", "freeze", "reset", "stall", "vanish"])
        {
            Assert.That(seen.GetValueOrDefault(must), Is.GreaterThanOrEqualTo(Seeds / 100), must);
        }
    }

    [Test]
    public void One_seed_tells_one_story([Values(3, 33, 133)] int seed)
    {
        string first = Story(seed);
        Assert.That(Story(seed), Is.EqualTo(first));
    }

    private static string Story(int seed)
    {
        var simulation = new SimulatedSessions(seed, new SimulatedNetworkOptions { StallRate = seed % 4 == 0 ? 0.01 : 0 });
        var story = new List<string>();
        var random = new Random(seed);

        try
        {
            simulation.Loop.Run(async () =>
            {
                Build(simulation, random);
                Task faults = StrikeAsync(simulation, random, story);
                await Task.WhenAll(
                    AskAsync(simulation, random.Next(1, 60), (ulong)seed, story),
                    AskAsync(simulation, random.Next(1, 60), (ulong)seed + 1, story));
                await faults;
                await AssertNothingLeaksAsync(simulation, story);
            });
        }
        catch (Exception e) when (e is not AssertionException)
        {
            throw new AssertionException($"seed {seed}: {string.Join(' ', story)}", e);
        }

        return string.Join(' ', story);
    }

    private static void Build(SimulatedSessions simulation, Random random)
    {
        int replicas = random.Next(1, 4);

        for (int i = 0; i < replicas; i++)
        {
            int one = random.Next(1, 4);
            int two = random.Next(one + 1, 6);
            int overlap = random.Next(2);
            _ = simulation.Add(0, Math.Min(one + overlap, 6));
            _ = simulation.Add(one, Math.Min(two + overlap, 6));
            _ = simulation.Add(two, 6);
        }
    }

    private static async Task AskAsync(SimulatedSessions simulation, int length, ulong seed, List<string> story)
    {
        int[] prompt = SimulatedSessions.Prompt(length);
        var listener = new ListenerRecorder();
        long started = simulation.Loop.Clock.GetTimestamp();

        try
        {
            GenerationResult result = await simulation.Swarm.Origin().GenerateAsync(
                simulation.Swarm.Request(prompt, Tokens, seed), listener, CancellationToken.None);
            Assert.That(result.Tokens, Is.EqualTo(SimulatedSessions.Oracle(prompt, Tokens, seed)));
            story.Add($"finished:{simulation.Loop.Clock.GetTimestamp()}");
        }
        catch (RouteException)
        {
            Assert.That(listener.Tokens, Is.EqualTo(SimulatedSessions.Oracle(prompt, Tokens, seed).Take(listener.Tokens.Count)));
            story.Add($"refused:{simulation.Loop.Clock.GetTimestamp()}");
        }

        Assert.That(simulation.Loop.Clock.GetElapsedTime(started), Is.LessThan(TimeMax));
        story.AddRange(listener.Pauses.Select(pause => $"repaired:{pause.TotalMilliseconds}"));
    }

    private static async Task StrikeAsync(SimulatedSessions simulation, Random random, List<string> story)
    {
        for (int strikes = random.Next(1, 5); strikes > 0; strikes--)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 3000)), simulation.Loop.Clock);
            StageNode node = simulation.Swarm.Nodes[random.Next(simulation.Swarm.Nodes.Count)];
            StageNode other = simulation.Swarm.Nodes[random.Next(simulation.Swarm.Nodes.Count)];

            switch (random.Next(5))
            {
                case 0:
                    simulation.Kill(node.Id);
                    story.Add("kill");
                    break;
                case 1:
                    simulation.Network.Freeze(node.Id);
                    story.Add("freeze");
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(100, 8000)), simulation.Loop.Clock);
                    simulation.Network.Thaw(node.Id);
                    break;
                case 2:
                    simulation.Network.ResetLinks(node.Id, other.Id);
                    story.Add("reset");
                    break;
                case 3:
                    ((VirtualExecutor)node.Executor).Stall();
                    story.Add("stall");
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(100, 8000)), simulation.Loop.Clock);
                    ((VirtualExecutor)node.Executor).Resume();
                    break;
                default:
                    simulation.Network.Vanish(node.Id);
                    story.Add("vanish");
                    break;
            }
        }
    }

    private static async Task AssertNothingLeaksAsync(SimulatedSessions simulation, List<string> story)
    {
        await Task.Delay(TimeSpan.FromMinutes(1), simulation.Loop.Clock);
        Assert.That(
            simulation.Swarm.Nodes.Select(node => node.Service.KvBytesFree),
            Is.All.EqualTo(new ServingOptions().KvBytesMax),
            string.Join(' ', story));
    }
}
