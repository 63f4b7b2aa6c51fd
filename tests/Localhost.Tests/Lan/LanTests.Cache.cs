using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Testing;

namespace Swarm.Localhost.Tests.Lan;

// What is known is not said again, and what nobody says any more is forgotten.
public sealed partial class LanTests
{
    private const double AnswerMax = 0.6;
    private const string Group = "224.0.0.251.5353";

    [Test]
    public async Task Node_and_avahi_leave_out_what_the_other_knows_and_a_host_that_vanished_is_forgotten_in_its_time()
    {
        NetworkLab.RequireOrIgnore("nft", "tcpdump");
        NetworkLab lab = Keep(new NetworkLab());
        string[] hosts =
        [
            lab.AddHost("a", "10.9.0.1/24"),
            lab.AddHost("b", "10.9.0.2/24"),
            lab.AddHost("c", "10.9.0.3/24"),
            lab.AddHost("d", "10.9.0.4/24"),
        ];
        using SwarmKeyring keyring = SwarmKeyFile.Load(KeyFile);
        string swarm = keyring.SwarmOf(SwarmName).ToString();
        string subtype = $"_{swarm}._sub._swarm._tcp";

        // Of the last host ours hears the answers to its one-shot questions alone: they hold for 10 s, not for 75 min.
        await FilterAsync(hosts[1], "ip saddr 10.9.0.4 udp dport 5353 drop");
        Avahi stays = Keep(await Avahi.StartAsync(hosts[0], Deadline, host: "stays"));
        Avahi goes = Keep(await Avahi.StartAsync(hosts[3], Deadline, host: "goes"));
        SwarmProcess silent = Join(hosts[3], "dan", "--blocks", "0:8", "--no-lan");
        string dan = (await silent.WaitForAsync("listening", Deadline)).GetProperty("node").GetString()!;
        await PublishAsync(stays, "elm", TestIdentity.Node(1).ToString());
        await PublishAsync(goes, "ash", dan);
        DnsTraffic wire = Keep(new DnsTraffic(hosts[1]));
        await wire.StartAsync(Deadline);
        _ = stays.Browse(subtype);

        SwarmProcess bob = Join(hosts[1], "bob", "--blocks", "0:4");
        JsonElement found = await bob.WaitForAsync("lanFound", Deadline);
        Assert.That(found.GetProperty("peer").GetString(), Is.EqualTo(dan));
        NetworkLab.Unplug(hosts[3], "eth0");
        DateTimeOffset vanished = DateTimeOffset.UtcNow;

        // Who asks without knowing anything is told by both.
        _ = await GuestAsync(hosts[2], "status", "--json");
        TimeSpan took = await TimeOfAsync(bob, "lanGone") - vanished;
        TestContext.Out.WriteLine($"forgotten {took.TotalSeconds:0.0} s after it vanished");
        Assert.That(took.TotalSeconds, Is.LessThan(12), "its records hold for 10 s");

        // What it probes for first of all.
        string oak = wire.Packets.First(one => one.From == "10.9.0.2.5353"
            && one.Question.EndsWith("._swarm._tcp.local.", StringComparison.Ordinal)
            && !one.Question.StartsWith('_')).Question.Split('.')[0];
        await Waiting.UntilAsync(
            () => Alone(wire.Packets, subtype, "10.9.0.2.5353", "10.9.0.1.5353", "elm").Length > 0
                && Alone(wire.Packets, subtype, "10.9.0.1.5353", "10.9.0.2.5353", oak).Length > 0,
            TimeProvider.System);
        AssertSilenced(wire.Packets, subtype, asker: "10.9.0.2.5353", owner: "10.9.0.1.5353", "elm");
        AssertSilenced(wire.Packets, subtype, asker: "10.9.0.1.5353", owner: "10.9.0.2.5353", oak);

        Task PublishAsync(Avahi avahi, string name, string node)
            => avahi.Publish(name, "_swarm._tcp", subtype, 4747, "txtvers=1", $"pid={node}", $"sw={swarm}", "v=1")
                .WaitForAsync(line => line.Contains("Established", StringComparison.Ordinal), Deadline);
    }

    // Asked by who knows nothing it answers; asked by who knows it well, and by nobody else at that time, it does not.
    private static void AssertSilenced(DnsPacket[] wire, string name, string asker, string owner, string instance)
    {
        Assert.That(wire.Any(one => one.From == owner && one.To != Group && one.Names(instance)), "told to who asks anew");
        DnsPacket[] alone = Alone(wire, name, asker, owner, instance);

        foreach (DnsPacket question in alone)
        {
            Assert.That(
                wire.Where(one => one.At - question.At is > 0 and < AnswerMax && one.From == owner && one.Tells(instance)),
                Is.Empty);
        }

        TestContext.Out.WriteLine($"{asker} asked {alone.Length} times with {instance} known and nobody else asking");
    }

    // Questions of who knows the instance well, when nobody asks who does not and its owner has not just told all.
    private static DnsPacket[] Alone(DnsPacket[] wire, string name, string asker, string owner, string instance)
        => [.. wire.Where(question => question.From == asker && question.KnowsWell(name, instance)
            && !wire.Any(other => other.At - question.At is > -1 and < AnswerMax
                && (other.AsksFor(name, instance)
                    || (other.At < question.At && other.From == owner && other.Tells(instance)))))];

    private async Task FilterAsync(string space, string rule)
    {
        string rules = Path.Combine(_folder, "rules");
        File.WriteAllText(
            rules,
            $"add table inet f\nadd chain inet f i {{ type filter hook input priority 0; }}\nadd rule inet f i {rule}\n");
        using var nft = Process.Start("ip", ["netns", "exec", space, "nft", "-f", rules]);
        await nft.WaitForExitAsync(Deadline);
        Assert.That(nft.ExitCode, Is.Zero);
    }
}
