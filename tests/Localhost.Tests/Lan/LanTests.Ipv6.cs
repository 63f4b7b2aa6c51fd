using System.Text.Json;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Localhost.Tests.Lan;

// Networks without IPv4, and networks that come after the node.
public sealed partial class LanTests
{
    private static readonly string[] ShortStory =
        ["--seed", "7", "--temp", "0.9", "-n", "12", "--threads", "1", "--json"];

    [Test]
    public async Task Where_there_is_only_IPv6_nodes_find_each_other_and_generate_together([Values] bool linkLocal)
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [.. Enumerable.Range(1, 3).Select(i => AddHost6(lab, i, linkLocal))];
        SwarmResult alone = await SwarmProcess.RunAsync(
            Deadline, ["generate", "--local", "--model", TestModel.Path, .. ShortStory, "Once upon a time"]);
        SwarmProcess ann = JoinAt("[::]:4747", hosts[0], "ann", "--blocks", "0:4");
        SwarmProcess bob = JoinAt("[::]:4747", hosts[1], "bob", "--blocks", "4:8");
        DateTimeOffset both = Max(await TimeOfAsync(ann, "listening"), await TimeOfAsync(bob, "listening"));
        TimeSpan took = await TimeOfAsync(ann, "peerJoined") - both;
        TestContext.Out.WriteLine($"found after {took.TotalMilliseconds:0} ms");
        Assert.That(took, Is.LessThan(TimeSpan.FromSeconds(2)));
        _ = await ann.WaitForAsync("serving", Deadline);
        _ = await bob.WaitForAsync("serving", Deadline);
        await AssertGenerateAsync(hosts[2], alone);
    }

    [Test]
    public async Task Avahi_and_a_node_find_each_other_where_there_is_only_IPv6()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [.. Enumerable.Range(1, 2).Select(i => AddHost6(lab, i, linkLocal: false))];
        Avahi avahi = Keep(await Avahi.StartAsync(hosts[0], Deadline, version: 6));
        WatchedProcess browse = avahi.Browse("_swarm._tcp");
        SwarmProcess silent = JoinAt("[::]:4747", hosts[0], "ann", "--blocks", "0:8", "--no-lan");
        string node = (await silent.WaitForAsync("listening", Deadline)).GetProperty("node").GetString()!;
        using SwarmKeyring keyring = SwarmKeyFile.Load(KeyFile);
        string swarm = keyring.SwarmOf(SwarmName).ToString();
        WatchedProcess publishes = avahi.Publish(
            "ann of avahi", "_swarm._tcp", $"_{swarm}._sub._swarm._tcp", 4747,
            "txtvers=1", $"pid={node}", $"sw={swarm}", "v=1");
        _ = await publishes.WaitForAsync(line => line.Contains("Established", StringComparison.Ordinal), Deadline);
        _ = await silent.WaitForAsync("serving", Deadline);

        SwarmProcess bob = JoinAt("[::]:4747", hosts[1], "bob", "--blocks", "0:4");
        string bobs = (await bob.WaitForAsync("listening", Deadline)).GetProperty("node").GetString()!;
        JsonElement found = await bob.WaitForAsync("lanFound", Deadline);
        Assert.That(found.GetProperty("peer").GetString(), Is.EqualTo(node));
        Assert.That(found.GetProperty("address").GetString(), Does.Match("^\\[(fd00:9::1|fe80::.*)\\]:4747$"));

        // =;eth0;IPv6;instance;type;local;host;address;port;"text" …
        (string line, _) = await browse.WaitForAsync(
            one => one.StartsWith("=;", StringComparison.Ordinal) && one.Contains($"\"pid={bobs}\"", StringComparison.Ordinal),
            Deadline);
        string[] fields = line.Split(';');
        Assert.That(fields[2], Is.EqualTo("IPv6"));
        Assert.That(fields[7], Does.Match("^(fd00:9::2|fe80::.*)$"));
        Assert.That(fields[8], Is.EqualTo("4747"));
    }

    [Test]
    public async Task A_network_that_comes_after_the_node_is_noticed([Values("0.0.0.0", "[::]")] string listen)
    {
        NetworkLab lab = Keep(new NetworkLab());
        bool is6 = listen == "[::]";
        string bobs = is6 ? AddHost6(lab, 2, linkLocal: false) : lab.AddHost("b", "10.9.0.2/24");
        string guests = is6 ? AddHost6(lab, 3, linkLocal: false) : lab.AddHost("c", "10.9.0.3/24");
        string anns = lab.AddHost("a");
        SwarmResult alone = await SwarmProcess.RunAsync(
            Deadline, ["generate", "--local", "--model", TestModel.Path, .. ShortStory, "Once upon a time"]);
        SwarmProcess bob = JoinAt($"{listen}:4747", bobs, "bob", "--blocks", "4:8");
        SwarmProcess ann = JoinAt($"{listen}:4747", anns, "ann", "--blocks", "0:4");
        _ = await bob.WaitForAsync("serving", Deadline);
        _ = await ann.WaitForAsync("serving", Deadline);

        DateTimeOffset plugged = DateTimeOffset.UtcNow;
        lab.Plug(anns, 0, "eth0", is6 ? "fd00:9::1/64" : "10.9.0.1/24");
        TimeSpan took = await TimeOfAsync(ann, "peerJoined") - plugged;
        TestContext.Out.WriteLine($"found {took.TotalMilliseconds:0} ms after the network came");
        Assert.That(took, Is.LessThan(TimeSpan.FromSeconds(10)));
        JsonElement changed = await ann.WaitForAsync("addressesChanged", Deadline);
        Assert.That(
            changed.GetProperty("address").GetString(), Is.EqualTo(is6 ? "[fd00:9::1]:4747" : "10.9.0.1:4747"));

        // The announcement follows within seconds.
        string status = "";

        while (!status.Contains(is6 ? "fd00:9::1" : "10.9.0.1", StringComparison.Ordinal))
        {
            status = (await GuestAsync(guests, "status", "--json")).Output;
        }

        await AssertGenerateAsync(guests, alone);
    }

    private static string AddHost6(NetworkLab lab, int number, bool linkLocal)
    {
        string host = lab.AddHost($"{number}");
        lab.Plug(host, 0, "eth0", linkLocal ? null : $"fd00:9::{number}/64");
        return host;
    }

    private async Task AssertGenerateAsync(string space, SwarmResult alone)
    {
        SwarmResult status = await GuestAsync(space, "status", "--json");
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        Assert.That(JsonSerializer.Deserialize<JsonElement>(status.Output).GetProperty("nodes").GetInt32(), Is.EqualTo(2));
        SwarmResult told = await GuestAsync(space, ["generate", "--model", "local", .. ShortStory, "Once upon a time"]);
        Assert.That(told.ExitCode, Is.Zero, told.Errors);
        Assert.That(Text(told), Is.EqualTo(Text(alone)).And.Not.Empty);
    }
}
