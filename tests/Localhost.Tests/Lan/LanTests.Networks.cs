using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Testing;

namespace Swarm.Localhost.Tests.Lan;

// A device in two networks, and a neighbour who lies.
public sealed partial class LanTests
{
    [Test]
    public async Task A_device_in_two_networks_is_found_in_each_at_its_address_there_by_nodes_and_by_avahi()
    {
        NetworkLab lab = Keep(new NetworkLab(bridges: 2));
        string both = lab.AddHost("a", "10.9.0.1/24");
        lab.Plug(both, 1, "eth1", "10.8.0.1/24");
        string near = lab.AddHost("b", "10.9.0.2/24");
        string far = lab.AddHost("c");
        lab.Plug(far, 1, "eth0", "10.8.0.3/24");
        Avahi avahi = Keep(await Avahi.StartAsync(far, Deadline));
        WatchedProcess browse = avahi.Browse("_swarm._tcp");
        SwarmProcess ann = Join(both, "ann", "--blocks", "0:4");
        string anns = (await ann.WaitForAsync("listening", Deadline)).GetProperty("node").GetString()!;
        SwarmProcess bob = Join(near, "bob", "--blocks", "4:8");
        SwarmProcess cyd = Join(far, "cyd", "--blocks", "4:8");

        Assert.That(await WhereAsync(bob, anns), Is.EqualTo("10.9.0.1:4747"));
        Assert.That(await WhereAsync(cyd, anns), Is.EqualTo("10.8.0.1:4747"));
        (string line, _) = await browse.WaitForAsync(
            one => one.StartsWith("=;", StringComparison.Ordinal) && one.Contains($"\"pid={anns}\"", StringComparison.Ordinal),
            Deadline);
        Assert.That(line.Split(';')[7], Is.EqualTo("10.8.0.1"));
        string bobs = bob.Output.Split("\"node\":\"")[1].Split('"')[0];
        Assert.That(browse.Output, Does.Not.Contain(bobs), "nothing crosses from one network to the other");
    }

    [Test]
    public async Task Threat_26_A_spoofer_on_the_network_costs_a_dial_in_five_seconds_and_hides_nobody()
    {
        const int Lies = 2;
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24"), lab.AddHost("c", "10.9.0.3/24")];
        Avahi spoofer = Keep(await Avahi.StartAsync(hosts[2], Deadline));
        using SwarmKeyring keyring = SwarmKeyFile.Load(KeyFile);
        string swarm = keyring.SwarmOf(SwarmName).ToString();

        WatchedProcess[] lies = [.. Enumerable.Range(1, Lies).Select(i => spoofer.Publish(
            $"liar {i}", "_swarm._tcp", $"_{swarm}._sub._swarm._tcp", 4747,
            "txtvers=1", $"pid={TestIdentity.Node(i)}", $"sw={swarm}", "v=1"))];

        foreach (WatchedProcess lie in lies)
        {
            _ = await lie.WaitForAsync(line => line.Contains("Established", StringComparison.Ordinal), Deadline);
        }

        SwarmProcess ann = Join(hosts[0], "ann", "--blocks", "0:4");
        SwarmProcess bob = Join(hosts[1], "bob", "--blocks", "4:8");
        _ = await ann.WaitForAsync("listening", Deadline);
        DateTimeOffset started = DateTimeOffset.MaxValue;
        DateTimeOffset? joined = null;
        var tried = new List<DateTimeOffset>();

        // Each lie is tried, found to be one, and tried again when its time has come.
        while (joined is null || tried.Count <= Lies)
        {
            JsonElement told = await bob.NextAsync(Deadline) ?? throw new InvalidOperationException(bob.Errors);
            var at = DateTimeOffset.Parse(told.GetProperty("time").GetString()!, CultureInfo.InvariantCulture);

            switch (told.GetProperty("event").GetString())
            {
                case "listening":
                    started = at;
                    break;
                case "peerJoined":
                    joined = at;
                    break;
                case "lanStranger":
                    Assert.That(told.GetProperty("address").GetString(), Is.EqualTo("10.9.0.3:4747"));
                    tried.Add(at);
                    break;
                default:
                    break;
            }
        }

        Assert.That(joined - started, Is.LessThan(TimeSpan.FromSeconds(2)));
        Assert.That(tried[Lies] - tried[0], Is.GreaterThan(TimeSpan.FromSeconds(4.5)));
    }

    [Test]
    public async Task A_bootstrap_name_of_several_records_leads_in_where_one_of_them_answers()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24")];
        SwarmProcess ann = Join(hosts[0], "ann", "--blocks", "0:4", "--no-lan");
        _ = await ann.WaitForAsync("serving", Deadline);

        // What ip netns exec lays over /etc.
        string etc = Path.Combine("/etc/netns", hosts[1]);
        _ = Directory.CreateDirectory(etc);

        try
        {
            File.WriteAllText(Path.Combine(etc, "hosts"), "10.9.0.99 seeds\n10.9.0.1 seeds\n");
            SwarmProcess bob = Join(hosts[1], "bob", "--blocks", "4:8", "--no-lan", "--bootstrap", "seeds:4747");
            Assert.That((await bob.WaitForAsync("swarmJoined", Deadline)).GetProperty("peers").GetInt32(), Is.EqualTo(1));
            SwarmResult nobody = await GuestAsync(hosts[1], "status", "--no-lan", "--bootstrap", "none.invalid:4747");
            Assert.That(nobody.ExitCode, Is.EqualTo(1));
            Assert.That(nobody.Errors, Does.Contain("no node answers at none.invalid:4747: check the address"));
        }
        finally
        {
            Directory.Delete(etc, recursive: true);
        }
    }

    [TestCase("cable", "interfaces", "no network interface leads from this device", "connect it to a network")]
    [TestCase("firewall", "localNetwork", "what this device sends to all on eth0 does not come back", "UDP port 5353")]
    [TestCase("key", "swarm", "the node at 10.9.0.1:4747 hung up: clock or swarm key differs", null)]
    public async Task The_doctor_names_what_is_broken(string what, string topic, string says, string? advice)
    {
        NetworkLab lab = Keep(new NetworkLab());
        string near = lab.AddHost("a", "10.9.0.1/24");
        string host = what == "cable" ? lab.AddHost("b") : lab.AddHost("b", "10.9.0.2/24");
        string key = KeyFile;

        if (what == "firewall")
        {
            NetworkLab.RequireOrIgnore("nft");
            string rules = Path.Combine(_folder, "rules");
            File.WriteAllText(
                rules,
                "add table inet f\nadd chain inet f i { type filter hook input priority 0; }\n"
                    + "add rule inet f i udp dport 5353 drop\n");
            using var nft = Process.Start("ip", ["netns", "exec", host, "nft", "-f", rules]);
            await nft.WaitForExitAsync(Deadline);
        }

        if (what == "key")
        {
            SwarmProcess ann = Join(near, "ann", "--blocks", "0:4");
            _ = await ann.WaitForAsync("serving", Deadline);
            key = Path.Combine(_folder, "other.key");
            SwarmKeyFile.LoadOrCreate(key).Dispose();
        }

        SwarmResult doctor = await SwarmProcess.RunInAsync(
            host, Deadline,
            [
                "doctor", "--json", "--swarm", SwarmName, "--swarm-key", key, "--data-dir", Path.Combine(_folder, "ill"),
                .. what == "key" ? (string[])["--bootstrap", "10.9.0.1:4747"] : [],
            ]);
        Assert.That(doctor.ExitCode, Is.EqualTo(1), doctor.Output);
        JsonElement broken = JsonSerializer.Deserialize<JsonElement>(doctor.Output).GetProperty("findings")
            .EnumerateArray().Single(finding => finding.GetProperty("state").GetString() == "broken");
        Assert.That(broken.GetProperty("topic").GetString(), Is.EqualTo(topic));
        Assert.That(broken.GetProperty("says").GetString(), Does.StartWith(says));
        Assert.That(broken.GetProperty("advice").GetString() ?? "", Does.Contain(advice ?? ""));
    }

    // Where a node found this one.
    private async Task<string> WhereAsync(SwarmProcess node, string peer)
    {
        while (true)
        {
            JsonElement found = await node.WaitForAsync("lanFound", Deadline);

            if (found.GetProperty("peer").GetString() == peer)
            {
                return found.GetProperty("address").GetString()!;
            }
        }
    }
}
