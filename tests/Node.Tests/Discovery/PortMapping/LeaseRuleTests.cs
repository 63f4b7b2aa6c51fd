using System.Net;
using NUnit.Framework;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>The rules without a network: when to renew, what a restart looks like, which address is public.</summary>
[TestFixture]
public sealed class LeaseRuleTests
{
    [Test]
    public void Tries_come_at_a_half_at_three_quarters_and_at_seven_eighths([Range(1, 50)] int seed)
    {
        var random = new Random(seed);
        var lifetime = TimeSpan.FromSeconds(7200);
        double[] due = [.. Enumerable.Range(0, 3).Select(
            failures => RenewalSchedule.Next(lifetime, failures, random)!.Value / lifetime)];

        Assert.That(due[0], Is.InRange(0.5, 0.625));
        Assert.That(due[1], Is.InRange(0.75, 0.8125));
        Assert.That(due[2], Is.InRange(0.875, 0.90625));
        Assert.That(RenewalSchedule.Next(lifetime, 3, random), Is.Null);
    }

    [Test]
    public void A_grant_for_ever_is_renewed_like_one_for_a_day()
        => Assert.That(
            RenewalSchedule.Next(TimeSpan.FromSeconds(uint.MaxValue), 0, new Random(1)),
            Is.LessThan(TimeSpan.FromHours(15.1)));

    [TestCase(true, 1000, 60, 1060, true, TestName = "PCP: time passes on both sides")]
    [TestCase(true, 1000, 60, 1056, true, TestName = "PCP: a slow clock")]
    [TestCase(true, 1000, 60, 1053, false, TestName = "PCP: more than a slow clock")]
    [TestCase(true, 1000, 60, 1066, true, TestName = "PCP: a fast clock")]
    [TestCase(true, 1000, 60, 1070, false, TestName = "PCP: more than a fast clock")]
    [TestCase(true, 1000, 0, 999, true, TestName = "PCP: rounding")]
    [TestCase(true, 1000, 1, 998, false, TestName = "PCP: back")]
    [TestCase(true, 1000, 3600, 5, false, TestName = "PCP: restarted")]
    [TestCase(false, 1000, 60, 1060, true, TestName = "NAT-PMP: time passes on both sides")]
    [TestCase(false, 1000, 80, 1068, true, TestName = "NAT-PMP: a slow clock")]
    [TestCase(false, 1000, 80, 1067, false, TestName = "NAT-PMP: more than a slow clock")]
    [TestCase(false, 1000, 60, 2000, true, TestName = "NAT-PMP: ahead is no loss")]
    [TestCase(false, 1000, 3600, 5, false, TestName = "NAT-PMP: restarted")]
    public void A_restart_shows_in_the_epoch(bool isPcp, int first, int passedSeconds, int second, bool hasState)
    {
        var loop = new SimulationLoop(1);
        loop.Run(async () =>
        {
            var epoch = new GatewayEpoch(loop.Clock, isPcp);
            Assert.That(epoch.Observe((uint)first));
            await Task.Delay(TimeSpan.FromSeconds(passedSeconds), loop.Clock);
            Assert.That(epoch.Observe((uint)second), Is.EqualTo(hasState));
            Assert.That(epoch.Observe((uint)second), "from here on, time fits again");
        });
    }

    [TestCase("5.5.5.1", true)]
    [TestCase("100.63.255.255", true)]
    [TestCase("100.128.0.0", true)]
    [TestCase("172.15.0.1", true)]
    [TestCase("172.32.0.1", true)]
    [TestCase("223.255.255.255", true)]
    [TestCase("0.0.0.0", false)]
    [TestCase("10.1.2.3", false)]
    [TestCase("100.64.0.1", false)]
    [TestCase("127.0.0.1", false)]
    [TestCase("169.254.1.1", false)]
    [TestCase("172.16.0.1", false)]
    [TestCase("192.168.1.1", false)]
    [TestCase("198.19.0.1", false)]
    [TestCase("224.0.0.1", false)]
    [TestCase("255.255.255.255", false)]
    [TestCase("2001:db8::1", false)]
    public void Which_addresses_the_internet_leads_to(string address, bool isPublic)
        => Assert.That(PublicAddress.Is(IPAddress.Parse(address)), Is.EqualTo(isPublic));

    [TestCase("192.168.77.2", 24, "192.168.77.255", true)]
    [TestCase("192.168.77.2", 24, "192.168.78.1", false)]
    [TestCase("192.168.77.2", 32, "192.168.77.2", true)]
    [TestCase("192.168.77.2", 32, "192.168.77.1", false)]
    [TestCase("192.168.77.2", 0, "9.9.9.9", true)]
    [TestCase("10.0.0.1", 8, "10.255.0.1", true)]
    [TestCase("10.0.0.1", 8, "fe80::1", false)]
    public void Who_is_a_neighbour(string local, int prefix, string address, bool isOnLink)
        => Assert.That(
            new Gateway(IPAddress.Any, IPAddress.Parse(local), prefix).IsOnLink(IPAddress.Parse(address)),
            Is.EqualTo(isOnLink));
}
