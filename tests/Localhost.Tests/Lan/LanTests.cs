using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Localhost.Tests.Lan;

/// <summary>
/// Nodes find each other with nothing configured: real processes on hosts of their own, beside the real avahi-daemon.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed partial class LanTests
{
    private readonly List<IDisposable> _open = [];
    private CancellationTokenSource _deadline = new();
    private string _folder = "";

    private CancellationToken Deadline => _deadline.Token;

    [SetUp]
    public void Prepare()
    {
        NetworkLab.RequireOrIgnore(Avahi.Programs);
        _deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        _folder = Directory.CreateTempSubdirectory("swarm-lan-").FullName;
        SwarmKeyFile.LoadOrCreate(KeyFile).Dispose();
    }

    [TearDown]
    public void CleanUp()
    {
        foreach (IDisposable open in Enumerable.Reverse(_open))
        {
            open.Dispose();
        }

        _open.Clear();
        _deadline.Dispose();

        if (_folder.Length > 0)
        {
            Directory.Delete(_folder, recursive: true);
            _folder = "";
        }
    }

    [Test]
    public async Task Two_nodes_find_each_other_within_two_seconds_and_generate_together_for_a_guest_who_knows_no_address()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24"), lab.AddHost("c", "10.9.0.3/24")];
        const string Prompt = "Once upon a time";
        string[] sampling = ["--seed", "7", "--temp", "0.9", "-n", "12", "--threads", "1", "--json"];
        Task<SwarmResult> alone = SwarmProcess.RunAsync(
            Deadline, ["generate", "--local", "--model", TestModel.Path, .. sampling, Prompt]);
        _ = await alone;

        SwarmProcess ann = Join(hosts[0], "ann", "--blocks", "0:4");
        SwarmProcess bob = Join(hosts[1], "bob", "--blocks", "4:8");
        DateTimeOffset both = await TimeOfAsync(ann, "listening");
        both = Max(both, await TimeOfAsync(bob, "listening"));
        TimeSpan took = await TimeOfAsync(ann, "peerJoined") - both;
        TestContext.Out.WriteLine($"found after {took.TotalMilliseconds:0} ms");
        Assert.That(took, Is.LessThan(TimeSpan.FromSeconds(2)));
        _ = await ann.WaitForAsync("serving", Deadline);
        _ = await bob.WaitForAsync("serving", Deadline);

        SwarmResult status = await GuestAsync(hosts[2], "status", "--json");
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        Assert.That(JsonSerializer.Deserialize<JsonElement>(status.Output).GetProperty("nodes").GetInt32(), Is.EqualTo(2));
        SwarmResult told = await GuestAsync(hosts[2], ["generate", "--model", "local", .. sampling, Prompt]);
        Assert.That(told.ExitCode, Is.Zero, told.Errors);
        Assert.That(Text(told), Is.EqualTo(Text(await alone)).And.Not.Empty);

        SwarmResult blind = await GuestAsync(hosts[2], "status", "--no-lan");
        Assert.That(blind.ExitCode, Is.EqualTo(1));
        SwarmResult stranger = await SwarmProcess.RunInAsync(
            hosts[2], Deadline, "status", "--swarm", "another", "--public", "--data-dir", Path.Combine(_folder, "guest"));
        Assert.That(stranger.Errors, Does.Contain("is found on the local network").And.Match("of another swarm, at 10.9.0.[12]:"));
    }

    [Test]
    public async Task Avahi_lists_our_nodes_and_hears_their_goodbye_also_where_both_share_the_port()
    {
        NetworkLab lab = Keep(new NetworkLab());
        (string first, string second) = (lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24"));
        Avahi avahi = Keep(await Avahi.StartAsync(first, Deadline));
        WatchedProcess browse = avahi.Browse("_swarm._tcp");
        SwarmProcess ann = Join(first, "ann", "--blocks", "0:4");
        SwarmProcess bob = Join(second, "bob", "--blocks", "4:8");
        var instances = new Dictionary<string, string>();

        foreach (SwarmProcess node in (SwarmProcess[])[ann, bob])
        {
            JsonElement listening = await node.WaitForAsync("listening", Deadline);
            instances.Add(listening.GetProperty("node").GetString()!, "");
        }

        // =;eth0;IPv4;instance;type;local;host;address;port;"text" …
        while (instances.ContainsValue(""))
        {
            (string line, _) = await browse.WaitForAsync(one => one.StartsWith("=;", StringComparison.Ordinal), Deadline);
            string[] fields = line.Split(';');
            string node = instances.Keys.Single(one => fields[9].Contains($"\"pid={one}\"", StringComparison.Ordinal));
            instances[node] = fields[3];
            Assert.That(fields[8], Is.EqualTo("4747"));
            Assert.That(fields[7], Does.StartWith("10.9.0."));
            Assert.That(fields[9], Does.Contain("\"txtvers=1\"").And.Contain("\"v=1\"").And.Contain("\"sw="));
        }

        DateTimeOffset announced = await TimeOfAsync(bob, "lanAnnounced");
        TestContext.Out.WriteLine($"listed {DateTimeOffset.UtcNow - announced} after the start of probing, at most");
        _ = await bob.WaitForAsync("serving", Deadline);
        bob.Signal("INT");
        _ = await bob.WaitForAsync("leaving", Deadline);
        long left = Stopwatch.GetTimestamp();
        (string gone, long at) = await browse.WaitForAsync(one => one.StartsWith("-;", StringComparison.Ordinal), Deadline);
        TimeSpan took = Stopwatch.GetElapsedTime(left, at);
        TestContext.Out.WriteLine($"gone {took.TotalMilliseconds:0} ms after leaving");
        Assert.That(instances.Values, Does.Contain(gone.Split(';')[3]));
        Assert.That(took.TotalSeconds, Is.InRange(0.5, 3));
    }

    [Test]
    public async Task What_avahi_publishes_is_found_by_a_node_and_by_a_guest()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24"), lab.AddHost("c", "10.9.0.3/24")];
        Avahi avahi = Keep(await Avahi.StartAsync(hosts[0], Deadline));
        SwarmProcess silent = Join(hosts[0], "ann", "--blocks", "0:8", "--no-lan");
        string node = (await silent.WaitForAsync("listening", Deadline)).GetProperty("node").GetString()!;
        using SwarmKeyring keyring = SwarmKeyFile.Load(KeyFile);
        string swarm = keyring.SwarmOf(SwarmName).ToString();
        WatchedProcess publishes = avahi.Publish(
            "ann of avahi", "_swarm._tcp", $"_{swarm}._sub._swarm._tcp", 4747,
            "txtvers=1", $"pid={node}", $"sw={swarm}", "v=1");
        _ = await publishes.WaitForAsync(line => line.Contains("Established", StringComparison.Ordinal), Deadline);
        _ = await silent.WaitForAsync("serving", Deadline);

        SwarmResult status = await GuestAsync(hosts[2], "status", "--json");
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        Assert.That(status.Output, Does.Contain(node));
        SwarmProcess bob = Join(hosts[1], "bob", "--blocks", "0:4");
        JsonElement found = await bob.WaitForAsync("lanFound", Deadline);
        Assert.That(found.GetProperty("peer").GetString(), Is.EqualTo(node));
        Assert.That(found.GetProperty("address").GetString(), Is.EqualTo("10.9.0.1:4747"));
    }

    [Test]
    public async Task A_second_device_of_a_household_is_told_that_it_needs_the_code_and_joins_with_it()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24"), lab.AddHost("c", "10.9.0.3/24")];
        SwarmProcess ann = Found(hosts[0], "ann", "--blocks", "0:4");
        _ = await ann.WaitForAsync("serving", Deadline);

        SwarmProcess bob = Found(hosts[1], "bob", "--blocks", "4:8");
        JsonElement other = await bob.WaitForAsync("lanOtherSwarm", Deadline);
        Assert.That(other.GetProperty("address").GetString(), Is.EqualTo("10.9.0.1:4747"));
        _ = await bob.WaitForAsync("serving", Deadline);
        Assert.That(await NodesAsync(hosts[0], "ann"), Is.EqualTo(1), "strangers who serve the same model never mix");
        SwarmResult guest = await SwarmProcess.RunInAsync(
            hosts[2], Deadline, "status", "--data-dir", Path.Combine(_folder, "guest"));
        Assert.That(guest.ExitCode, Is.EqualTo(1));
        Assert.That(
            guest.Errors, Does.Contain("no key").And.Contain("swarm invite").And.Contain("--public").And.Contain("at 10.9.0."));
        bob.Signal("INT");
        Assert.That(await bob.ExitAsync(Deadline), Is.Zero, bob.Errors);

        SwarmResult invite = await SwarmProcess.RunInAsync(
            hosts[0], Deadline, "invite", "--data-dir", Path.Combine(_folder, "ann"), "--address", "10.9.0.77:1");
        string code = invite.Output.Trim();
        Assert.That(code, Does.StartWith("SWARM-"), invite.Errors);
        bob = Found(hosts[1], "bob", code, "--blocks", "4:8");
        _ = await bob.WaitForAsync("keySetAside", Deadline);
        _ = await bob.WaitForAsync("serving", Deadline);
        Assert.That(await NodesAsync(hosts[0], "ann"), Is.EqualTo(2), "found although the code's address is out of date");
        Assert.That(Directory.GetFiles(Path.Combine(_folder, "bob"), "swarm-*.key"), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task A_code_whose_address_others_have_by_now_still_leads_to_its_swarm()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24"), lab.AddHost("c", "10.9.0.3/24")];
        SwarmProcess ann = Found(hosts[0], "ann", "--blocks", "0:4");
        SwarmProcess stranger = Found(hosts[2], "stranger", "--blocks", "0:4");
        _ = await ann.WaitForAsync("serving", Deadline);
        _ = await stranger.WaitForAsync("serving", Deadline);
        SwarmResult invite = await SwarmProcess.RunInAsync(
            hosts[0], Deadline, "invite", "--data-dir", Path.Combine(_folder, "ann"), "--address", "10.9.0.3:4747");
        string code = invite.Output.Trim();

        SwarmResult guest = await SwarmProcess.RunInAsync(
            hosts[1], Deadline, "status", "--json", "--join", code, "--data-dir", Path.Combine(_folder, "guest"));
        Assert.That(guest.ExitCode, Is.Zero, guest.Errors);
        SwarmProcess bob = Found(hosts[1], "bob", code, "--blocks", "4:8");
        JsonElement closed = await bob.WaitForAsync("doorsClosed", Deadline);
        Assert.That(closed.GetProperty("reason").GetString(), Does.StartWith("the node at 10.9.0.3:4747 hung up: "));
        _ = await bob.WaitForAsync("serving", Deadline);
        Assert.That(await NodesAsync(hosts[0], "ann"), Is.EqualTo(2));
    }

    [Test]
    public async Task The_doctor_says_what_works_and_what_does_not()
    {
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts = [lab.AddHost("a", "10.9.0.1/24"), lab.AddHost("b", "10.9.0.2/24")];
        SwarmProcess ann = Join(hosts[0], "ann", "--blocks", "0:4");
        SwarmProcess bob = Join(hosts[1], "bob", "--blocks", "4:8");
        _ = await ann.WaitForAsync("peerJoined", Deadline);
        _ = await ann.WaitForAsync("serving", Deadline);
        _ = await bob.WaitForAsync("serving", Deadline);

        (int code, Dictionary<string, (string State, string Says)> found) = await DoctorAsync();
        Assert.That(code, Is.Zero, string.Join('\n', found));
        Assert.That(found["interfaces"], Is.EqualTo(("works", "eth0 (10.9.0.1)")));
        Assert.That(found["localNetwork"].State, Is.EqualTo("works"));
        Assert.That(found["localNetwork"].Says, Does.Contain("1 other node of this swarm"));
        Assert.That(found["portMapping"].Says, Does.Contain("no router"));
        Assert.That(found["reachability"].Says, Does.Contain("10.9.0.1:4747"));
        Assert.That(found["clock"].Says, Does.StartWith("within 0.").And.Contain("another node's"));
        Assert.That(found["swarmKey"], Is.EqualTo(("works", $"in {KeyFile}")));
        Assert.That(found["swarm"].Says, Does.Contain("2 nodes and 1 model"));

        File.WriteAllText(KeyFile, "correct horse battery staple");
        (code, found) = await DoctorAsync();
        Assert.That(code, Is.EqualTo(1));
        Assert.That(found["swarmKey"].State, Is.EqualTo("broken"));

        async Task<(int Code, Dictionary<string, (string State, string Says)> Found)> DoctorAsync()
        {
            SwarmResult doctor = await SwarmProcess.RunInAsync(
                hosts[0], Deadline, "doctor", "--json", "--swarm", SwarmName, "--swarm-key", KeyFile,
                "--data-dir", Path.Combine(_folder, "ann"));
            JsonElement report = JsonSerializer.Deserialize<JsonElement>(doctor.Output);
            return (doctor.ExitCode, report.GetProperty("findings").EnumerateArray().ToDictionary(
                one => one.GetProperty("topic").GetString()!,
                one => (one.GetProperty("state").GetString()!, one.GetProperty("says").GetString()!)));
        }
    }

    private string SwarmName => Path.GetFileName(_folder);

    private string KeyFile => Path.Combine(_folder, "swarm.key");

    // As a person does it: no key, no name.
    private SwarmProcess Found(string space, string name, params string[] more)
        => Keep(SwarmProcess.StartIn(space,
        [
            "join", .. more, "--model", TestModel.Path, "--name", name, "--listen", "0.0.0.0:4747",
            "--data-dir", Path.Combine(_folder, name), "--threads", "1", "--json",
        ]));

    private async Task<int> NodesAsync(string space, string name)
    {
        SwarmResult status = await SwarmProcess.RunInAsync(
            space, Deadline, "status", "--json", "--data-dir", Path.Combine(_folder, name));
        Assert.That(status.ExitCode, Is.Zero, status.Errors);
        return JsonSerializer.Deserialize<JsonElement>(status.Output).GetProperty("nodes").GetInt32();
    }

    private SwarmProcess Join(string space, string name, params string[] more)
        => JoinAt("0.0.0.0:4747", space, name, more);

    private SwarmProcess JoinAt(string listen, string space, string name, params string[] more)
        => Keep(SwarmProcess.StartIn(space,
        [
            "join", "--model", TestModel.Path, "--name", name, "--listen", listen, "--data-dir", Path.Combine(_folder, name),
            "--swarm", SwarmName, "--swarm-key", KeyFile, "--threads", "1", "--json", .. more,
        ]));

    private Task<SwarmResult> GuestAsync(string space, params string[] command)
        => SwarmProcess.RunInAsync(
            space,
            Deadline,
            [.. command, "--swarm", SwarmName, "--swarm-key", KeyFile, "--data-dir", Path.Combine(_folder, "guest")]);

    private T Keep<T>(T open)
        where T : IDisposable
    {
        _open.Add(open);
        return open;
    }

    private async Task<DateTimeOffset> TimeOfAsync(SwarmProcess process, string name)
        => DateTimeOffset.Parse(
            (await process.WaitForAsync(name, Deadline)).GetProperty("time").GetString()!, CultureInfo.InvariantCulture);

    private static DateTimeOffset Max(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static string Text(SwarmResult told)
        => string.Concat(told.Output.Split('\n')
            .Where(line => line.StartsWith("{\"event\":\"text\"", StringComparison.Ordinal))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("text").GetString()));
}
