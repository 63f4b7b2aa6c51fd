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

    private static Task<SwarmResult> TellAloneAsync(CancellationToken cancel)
        => SwarmProcess.RunAsync(cancel, ["generate", "--local", "--model", TestModel.Path, .. Sampling, Prompt]);

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
    public async Task Two_homes_tell_the_story_of_one_process_directly_or_through_a_relay([Values] bool symmetric)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var lab = new TwoHomesLab(symmetric);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        SwarmResult alone = await TellAloneAsync(deadline.Token);

        using (SwarmProcess relay = Join(lab.Internet, folder, "relay", "0:1"))
        {
            _ = await relay.WaitForAsync("serving", deadline.Token);
            using SwarmProcess one = Join(lab.One, folder, "one", "0:4", "--bootstrap", "5.5.1.1:4747");
            using SwarmProcess other = Join(lab.Other, folder, "other", "4:8", "--bootstrap", "5.5.2.1:4747");

            string[] nodes = new string[2];

            SwarmProcess[] homes = [one, other];

            for (int i = 0; i < homes.Length; i++)
            {
                SwarmProcess home = homes[i];
                nodes[i] = (await home.WaitForAsync("listening", deadline.Token)).GetProperty("node").GetString()!;
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

            await AssertToldAsync(lab, folder, alone, deadline.Token);
            await AssertMetAsync(one, nodes[1], symmetric, deadline.Token);
            await AssertMetAsync(other, nodes[0], symmetric, deadline.Token);

            // What begins now takes the new way.
            await AssertToldAsync(lab, folder, alone, deadline.Token);
            AssertSent(lab, symmetric);
            Assert.That(
                await LinksAsync(lab, folder, deadline.Token),
                Is.SupersetOf(new[] { "relay direct", symmetric ? "other relayed" : "other punched" }));
            Assert.That(
                await DoctorAsync(lab.One, folder, "one", "relays", deadline.Token),
                Does.StartWith("limited: others reach this node through 1 relay: 5.5.1.1:4747 ("));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task Where_one_router_of_two_is_symmetric_the_relay_carries_the_story_and_the_doctor_says_whose_it_is()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var lab = new TwoHomesLab(one: false, other: true);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        SwarmResult alone = await TellAloneAsync(deadline.Token);

        using (SwarmProcess relay = Join(lab.Internet, folder, "relay", "0:1"))
        {
            _ = await relay.WaitForAsync("serving", deadline.Token);
            using SwarmProcess host = Join(lab.Host, folder, "host", "0:1", "--bootstrap", "5.5.3.1:4747");
            _ = await host.WaitForAsync("serving", deadline.Token);
            using SwarmProcess one = Join(lab.One, folder, "one", "0:4", "--bootstrap", "5.5.1.1:4747");
            using SwarmProcess other = Join(lab.Other, folder, "other", "4:8", "--bootstrap", "5.5.2.1:4747");
            string status = "";

            while (status.Split("\"relayed\"").Length < 3)
            {
                status = (await GuestAsync(lab, folder, deadline.Token, "status", "--json")).Output;
            }

            await AssertToldAsync(lab, folder, alone, deadline.Token);
            string there = (await other.WaitForAsync("listening", deadline.Token)).GetProperty("node").GetString()!;
            await AssertMetAsync(one, there, symmetric: true, deadline.Token);
            await AssertToldAsync(lab, folder, alone, deadline.Token);
            AssertSent(lab, symmetric: true);
            Assert.That(await LinksAsync(lab, folder, deadline.Token, nodes: 4), Does.Contain("other relayed"));

            Assert.That(
                await OutsidePortAsync(lab.Other, folder, "other", deadline.Token),
                Does.Match(@"^limited: .*\(symmetric NAT\): 2 nodes see this one at 5\.5\.2\.2:\d+, 5\.5\.2\.2:\d+; "));
            Assert.That(
                await OutsidePortAsync(lab.One, folder, "one", deadline.Token),
                Is.EqualTo("works: the router keeps one: 2 of 2 nodes see this one at 5.5.1.2:4747"));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task A_guest_in_one_home_is_served_by_the_other_without_the_relay()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var lab = new TwoHomesLab(symmetric: false);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        SwarmResult alone = await TellAloneAsync(deadline.Token);

        using (SwarmProcess relay = Join(lab.Internet, folder, "relay", "0:1"))
        {
            _ = await relay.WaitForAsync("serving", deadline.Token);
            using SwarmProcess home = Join(lab.One, folder, "home", "0:8", "--bootstrap", "5.5.1.1:4747");
            _ = await home.WaitForAsync("relayHeld", deadline.Token);
            string status = "";

            while (!status.Contains("\"relayed\"", StringComparison.Ordinal))
            {
                status = (await GuestAsync(lab, folder, deadline.Token, "status", "--json")).Output;
            }

            SwarmResult told = await SwarmProcess.RunInAsync(
                lab.Other.Name, deadline.Token,
                [
                    "generate", "--model", TestModel.Path, .. Sampling, "--bootstrap", "5.5.2.1:4747", "--swarm", "homes",
                    "--public", "--data-dir", Path.Combine(folder, "guest"), Prompt,
                ]);
            Assert.That(told.ExitCode, Is.Zero, told.Errors);
            Assert.That(Text(told), Is.EqualTo(Text(alone)).And.Not.Empty);
            JsonElement met = await home.WaitForAsync("peerMet", deadline.Token);
            Assert.That(met.GetProperty("how").GetString(), Is.EqualTo("both dialled at once"));
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task A_home_dials_the_host_that_asks_for_it_through_a_relay()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var lab = new TwoHomesLab(symmetric: true);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        SwarmResult alone = await TellAloneAsync(deadline.Token);

        // Until the host asks for it, the home has no link with it: what it dials itself would be no reversal.
        lab.Bar();

        using (SwarmProcess relay = Join(lab.Internet, folder, "relay", "0:1"))
        {
            _ = await relay.WaitForAsync("serving", deadline.Token);
            using SwarmProcess home = Join(lab.One, folder, "home", "4:8", "--bootstrap", "5.5.1.1:4747");
            _ = await home.WaitForAsync("relayHeld", deadline.Token);
            using SwarmProcess host = Join(lab.Host, folder, "host", "0:4", "--bootstrap", "5.5.3.1:4747");
            _ = await host.WaitForAsync("serving", deadline.Token);

            string status = "";

            while (!status.Contains("\"relayed\"", StringComparison.Ordinal) || status.Split("\"direct\"").Length < 3)
            {
                status = (await GuestAsync(lab, folder, deadline.Token, "status", "--json")).Output;
            }

            lab.Unbar();
            await AssertToldAsync(lab, folder, alone, deadline.Token);
            JsonElement met = await home.WaitForAsync("peerMet", deadline.Token);
            Assert.That(met.GetProperty("how").GetString(), Is.EqualTo("this node dialled it"));
            met = await host.WaitForAsync("peerMet", deadline.Token);
            Assert.That(met.GetProperty("how").GetString(), Is.EqualTo("it dialled back"));
            Assert.That(
                lab.One.Execute("ss", "-Htn", "state", "established", "( dst 5.5.3.2 and dport = :4747 )"), Is.Not.Empty);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task A_port_that_a_person_forwards_is_found_and_told_to_others()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var lab = new TwoHomesLab(symmetric: false);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        lab.Forward();

        using (SwarmProcess first = Join(lab.Internet, folder, "first", "0:1"))
        {
            _ = await first.WaitForAsync("serving", deadline.Token);
            using SwarmProcess home = Join(lab.One, folder, "home", "0:8", "--bootstrap", "5.5.1.1:4747");
            JsonElement found = await home.WaitForAsync("portForwarded", deadline.Token);
            Assert.That(found.GetProperty("address").GetString(), Is.EqualTo("5.5.1.2:4747"));

            // The announcement follows within seconds.
            string status = "";

            while (!status.Contains("5.5.1.2:4747", StringComparison.Ordinal))
            {
                status = (await GuestAsync(lab, folder, deadline.Token, "status", "--json")).Output;
            }

            Assert.That(status, Does.Not.Contain("relayed"));

            // Who knows nobody but the home's public address comes in there, and is computed for there.
            SwarmResult told = await SwarmProcess.RunInAsync(
                lab.Host.Name, deadline.Token,
                [
                    "generate", "--model", TestModel.Path, .. Sampling, "--bootstrap", "5.5.1.2:4747", "--swarm", "homes",
                    "--public", "--data-dir", Path.Combine(folder, "guest"), Prompt,
                ]);
            Assert.That(told.ExitCode, Is.Zero, told.Errors);
            Assert.That(Text(told), Is.Not.Empty);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task AssertToldAsync(
        TwoHomesLab lab, string folder, SwarmResult alone, CancellationToken cancel)
    {
        SwarmResult told = await GuestAsync(
            lab, folder, cancel, ["generate", "--model", TestModel.Path, .. Sampling, Prompt]);
        Assert.That(told.ExitCode, Is.Zero, told.Errors);
        Assert.That(Text(told), Is.EqualTo(Text(alone)).And.Not.Empty);
    }

    // What a home says of its meeting with a peer: guests meet it, too.
    private static async Task AssertMetAsync(
        SwarmProcess home, string peer, bool symmetric, CancellationToken cancel)
    {
        JsonElement end;

        do
        {
            end = await home.WaitForAsync(symmetric ? "staysRelayed" : "peerMet", cancel);
        }
        while (end.GetProperty("peer").GetString() != peer);

        if (!symmetric)
        {
            Assert.That(end.GetProperty("how").GetString(), Is.EqualTo("both dialled at once"));
        }
    }

    // What their devices sent to each other without the relay.
    private static void AssertSent(TwoHomesLab lab, bool symmetric)
    {
        (long there, long back) = (TwoHomesLab.BytesSent(lab.One, "5.5.2.2"), TwoHomesLab.BytesSent(lab.Other, "5.5.1.2"));
        TestContext.Out.WriteLine($"sent directly: {there} and {back} bytes");

        // Tensors go one way; the last stage sends its tokens to who asked.
        Assert.That(there, symmetric ? Is.Zero : Is.GreaterThan(10_000));
        Assert.That(back, symmetric ? Is.Zero : Is.GreaterThan(1_000));
    }

    // How the first home says that it is linked.
    private static async Task<string[]> LinksAsync(
        TwoHomesLab lab, string folder, CancellationToken cancel, int nodes = 3)
    {
        SwarmResult status = await SwarmProcess.RunInAsync(
            lab.One.Name, cancel, "status", "--json", "--swarm", "homes", "--public", "--no-lan",
            "--data-dir", Path.Combine(folder, "one"));
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        JsonElement all = JsonSerializer.Deserialize<JsonElement>(status.Output);

        // The home's node serves nobody in the DHT: it names who does.
        Assert.That(all.GetProperty("nodes").GetInt32(), Is.EqualTo(nodes));
        return [.. all.GetProperty("ownNode").GetProperty("links")
            .EnumerateArray()
            .Select(link => $"{link.GetProperty("name").GetString()} {link.GetProperty("way").GetString()}")];
    }

    // Whether the router keeps a port, as soon as anybody can tell: the second relay may come later than the first.
    private static async Task<string> OutsidePortAsync(
        NetworkNamespace home, string folder, string name, CancellationToken cancel)
    {
        string says;

        do
        {
            says = await DoctorAsync(home, folder, name, "outsidePort", cancel);
        }
        while (says.StartsWith("unknown", StringComparison.Ordinal));

        return says;
    }

    // What the doctor of a home says of one thing: how it stands, and in words.
    private static async Task<string> DoctorAsync(
        NetworkNamespace home, string folder, string name, string topic, CancellationToken cancel)
    {
        SwarmResult doctor = await SwarmProcess.RunInAsync(
            home.Name, cancel, "doctor", "--json", "--swarm", "homes", "--public", "--no-lan", "--no-map-port",
            "--data-dir", Path.Combine(folder, name));
        Assert.That(doctor.ExitCode, Is.Zero, doctor.Output + doctor.Errors);
        JsonElement found = JsonSerializer.Deserialize<JsonElement>(doctor.Output).GetProperty("findings").EnumerateArray()
            .Single(finding => finding.GetProperty("topic").GetString() == topic);
        return $"{found.GetProperty("state").GetString()}: {found.GetProperty("says").GetString()}";
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
