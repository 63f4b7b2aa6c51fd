using System.Text.Json;
using NUnit.Framework;
using Swarm.Testing.Nat;

namespace Swarm.Localhost.Tests.Nat;

/// <summary>Real nodes in two homes whose routers let nobody in, and one node on the internet between them.</summary>
[TestFixture]
[NonParallelizable]
public sealed class HomesTests
{
    private const string Prompt = "Once upon a time";

    private static readonly string[] Sampling =
        ["--seed", "7", "--temp", "0.9", "-n", "12", "--threads", "1", "--json"];

    [OneTimeSetUp]
    public void FindWhatItTakes()
    {
        if (TwoHomesLab.Obstacle() is { } obstacle)
        {
            Assert.Ignore(obstacle);
        }
    }

    [Test]
    public async Task Two_homes_and_a_relay_tell_the_story_of_one_process([Values] bool symmetric)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        using var lab = new TwoHomesLab(symmetric);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        SwarmResult alone = await SwarmProcess.RunAsync(
            deadline.Token, ["generate", "--local", "--model", TestModel.Path, .. Sampling, Prompt]);

        using (SwarmProcess relay = Join(lab.Internet, folder, "relay", "0:1"))
        {
            _ = await relay.WaitForAsync("serving", deadline.Token);
            using SwarmProcess one = Join(lab.One, folder, "one", "0:4", "--bootstrap", "5.5.1.1:4747");
            using SwarmProcess other = Join(lab.Other, folder, "other", "4:8", "--bootstrap", "5.5.2.1:4747");

            foreach (SwarmProcess home in (SwarmProcess[])[one, other])
            {
                _ = await home.WaitForAsync("unreachable", deadline.Token);
                JsonElement held = await home.WaitForAsync("relayHeld", deadline.Token);
                Assert.That(held.GetProperty("address").GetString(), Does.Match("^5.5.[12].1:4747$"));
            }

            // The announcements follow within seconds.
            string status = "";

            while (status.Split("\"relayed\"").Length < 3)
            {
                status = (await GuestAsync(lab, folder, deadline.Token, "status", "--json")).Output;
            }

            SwarmResult told = await GuestAsync(
                lab, folder, deadline.Token, ["generate", "--model", TestModel.Path, .. Sampling, Prompt]);
            Assert.That(told.ExitCode, Is.Zero, told.Errors);
            Assert.That(Text(told), Is.EqualTo(Text(alone)).And.Not.Empty);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static Task<SwarmResult> GuestAsync(
        TwoHomesLab lab, string folder, CancellationToken cancel, params IEnumerable<string> arguments)
        => SwarmProcess.RunInAsync(
            lab.Internet.Name,
            cancel,
            [
                .. arguments, "--bootstrap", "5.5.1.1:4747", "--swarm", "homes", "--public",
                "--data-dir", Path.Combine(folder, "guest"),
            ]);

    private static SwarmProcess Join(
        NetworkNamespace space, string folder, string name, string blocks, params IEnumerable<string> arguments)
        => SwarmProcess.StartIn(
            space.Name,
            [
                "join", "--model", TestModel.Path, "--blocks", blocks, "--listen", "0.0.0.0:4747", "--public",
                "--data-dir", Path.Combine(folder, name), "--swarm", "homes", "--name", name, "--no-lan",
                "--threads", "1", "--json",
                .. arguments,
            ]);

    private static string Text(SwarmResult result)
        => string.Concat(result.Output.Split('\n')
            .Where(line => line.StartsWith("{\"event\":\"text\"", StringComparison.Ordinal))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("text").GetString()));
}
