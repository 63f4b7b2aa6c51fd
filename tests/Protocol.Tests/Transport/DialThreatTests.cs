using NUnit.Framework;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Members who would have this node knock at somebody's door (THREATS row 24).</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class DialThreatTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [TestCase("203.0.113.7", true, TestName = "Threat_24_A_victim_on_the_internet_is_dialled_three_times_a_minute")]
    [TestCase("2001:db8::7", true, TestName = "Threat_24_A_victim_with_IPv6_is_dialled_three_times_a_minute")]
    [TestCase("192.168.1.7", false, TestName = "Threat_24_A_port_at_home_is_dialled_three_times_a_minute")]
    [TestCase("victim.example", false, TestName = "Threat_24_A_named_port_is_dialled_three_times_a_minute")]
    public void Threat_24_Nodes_that_are_not_there_cost_a_victim_few_dials(string host, bool anyPort)
    {
        var clock = new ManualClock();
        var backOff = new DialBackOff(clock, new LinkPoolOptions());
        int dials = 0;

        for (int i = 0; i < 60_000; i++)
        {
            int port = anyPort ? 1 + (i % 65_535) : 443;
            dials += TryDial(backOff, new PeerAddress(host, port, TestIdentity.Node(i))) ? 1 : 0;
            clock.Advance(TimeSpan.FromMilliseconds(10));
        }

        // Ten minutes long.
        Assert.That(dials, Is.InRange(10, 3 * 10));
    }

    [Test]
    public void Threat_24_One_name_for_a_victim_s_address_is_tried_ever_more_rarely()
    {
        var clock = new ManualClock();
        var backOff = new DialBackOff(clock, new LinkPoolOptions());
        var address = new PeerAddress("203.0.113.7", 443, TestIdentity.Node(1));
        int dials = 0;

        for (int i = 0; i < 600; i++)
        {
            dials += TryDial(backOff, address) ? 1 : 0;
            clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.That(dials, Is.InRange(3, 17), "after 5 s again at the latest: it may be a node that restarts");
    }

    [Test]
    public void Several_nodes_on_one_device_that_are_there_hinder_nobody()
    {
        var clock = new ManualClock();
        var backOff = new DialBackOff(clock, new LinkPoolOptions());

        for (int i = 0; i < 100; i++)
        {
            var address = new PeerAddress("203.0.113.7", 4000 + i, TestIdentity.Node(i));
            Assert.That(() => backOff.ThrowIfTooSoon(address), Throws.Nothing);
            Assert.That(TryDial(backOff, address));
            backOff.Succeeded(address);
            clock.Advance(Second);
        }
    }

    private static bool TryDial(DialBackOff backOff, PeerAddress address)
    {
        try
        {
            backOff.ThrowIfTooSoon(address);
            backOff.Failed(address);
            return true;
        }
        catch (LinkClosedException)
        {
            return false;
        }
    }
}
