using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Swarm.Node.Access;
using Swarm.Node.Diagnosis;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Tests.Diagnosis;

/// <summary>A node hangs up: whether the clock is wrong or the key, the doctor finds out.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ClockSearchTests
{
    private string _folder = "";

    [OneTimeSetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase(10)]
    [TestCase(-25)]
    [TestCase(300)]
    public async Task A_clock_that_is_off_is_found_and_by_how_much(int minutes)
    {
        var lead = TimeSpan.FromMinutes(minutes);
        string key = KeyFile();
        await using SwarmMember node = Node(key, lead);
        SwarmVisit visit = await VisitAsync(node, key);

        Assert.That(visit.IsRefused);
        Assert.That(visit.ClockLeads, Has.Count.EqualTo(1));
        Assert.That(visit.ClockLeads[0], Is.EqualTo(lead).Within(TimeSpan.FromSeconds(5)));
        Assert.That(Findings.Swarm("clocks", visit).Says, Does.Contain("clock is wrong; its key is right"));
        Finding clock = Findings.Clock(visit.ClockLeads, DateTimeOffset.UnixEpoch);
        Assert.That(clock.State, Is.EqualTo(FindingState.Broken));
        Assert.That(clock.Says, Does.Contain(minutes > 0 ? " behind " : " ahead of "));
    }

    [Test]
    public async Task Where_the_key_is_wrong_no_time_of_day_helps()
    {
        await using SwarmMember node = Node(KeyFile(), TimeSpan.Zero);
        SwarmVisit visit = await VisitAsync(node, KeyFile());

        Assert.That(visit.IsRefused);
        Assert.That(visit.ClockLeads, Is.Empty);
        Assert.That(visit.Refusal, Does.Contain("clock or swarm key differs").And.Contain("not the clock, unless"));
    }

    [Test]
    public void No_minute_of_half_an_hour_is_left_out()
    {
        TimeSpan[] tried = [.. ClockSearch.Shifts()];

        for (var off = TimeSpan.FromSeconds(60); off <= TimeSpan.FromMinutes(30); off += TimeSpan.FromSeconds(1))
        {
            Assert.That(tried.Any(shift => (shift - off).Duration() <= TimeSpan.FromSeconds(58)), $"{off}");
            Assert.That(tried.Any(shift => (shift + off).Duration() <= TimeSpan.FromSeconds(58)), $"-{off}");
        }
    }

    private static Task<SwarmVisit> VisitAsync(SwarmMember node, string key)
        => SwarmVisit.PayAsync(
            new SwarmChoice("clocks", new KeySource("") { NamedFile = key }, node.Addresses),
            here: null,
            TimeProvider.System,
            CancellationToken.None);

    private static SwarmMember Node(string key, TimeSpan ahead)
    {
        var options = new NodeOptions
        {
            ModelFile = "",
            ModelName = "",
            MemoryBytes = 1,
            Swarm = "clocks",
            Keys = new KeySource("") { NamedFile = key },
            Name = "node",
            Folder = "",
            Threads = 1,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        };
        var member = SwarmMember.CreateNode(
            options,
            NodeKey.Create(),
            SwarmKeyFile.Load(key),
            new ShiftedTime(TimeProvider.System, ahead),
            NullLogger.Instance);
        member.Start();
        return member;
    }

    private string KeyFile()
    {
        string file = Path.Combine(_folder, $"{Guid.NewGuid()}.key");
        SwarmKeyFile.LoadOrCreate(file).Dispose();
        return file;
    }
}
