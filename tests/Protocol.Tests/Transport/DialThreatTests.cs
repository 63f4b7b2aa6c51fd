using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
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
    public async Task Threat_24_A_victim_s_socket_counts_three_dials_a_minute_whoever_is_said_to_be_there()
    {
        var clock = new ManualClock();
        using var key = NodeKey.Create();
        await using var transport = new TcpTransport(key, TestIdentity.Hello("test"), listen: null, clock);
        await using var pool = new LinkPool(transport, key.Id, clock);
        using var victim = new Victim();
        string[] hosts = ["127.0.0.1", "127.1", "0x7f.0.0.1", "2130706433"];

        for (int i = 0; i < 1000; i++)
        {
            var named = new PeerAddress(hosts[i % hosts.Length], victim.Port, TestIdentity.Node(i));
            Exception? error = await Catching.ErrorAsync(async () => await pool.GetAsync(named, default));
            Assert.That(error, Is.InstanceOf<LinkClosedException>());
            clock.Advance(TimeSpan.FromMilliseconds(300));
        }

        // Five minutes long.
        Assert.That(victim.Dialled, Is.InRange(5, 3 * 5));
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
    public void Threat_24_A_victim_is_one_however_its_address_is_spelled()
    {
        var clock = new ManualClock();
        var backOff = new DialBackOff(clock, new LinkPoolOptions());
        string[] hosts =
            ["203.0.113.7", "::ffff:203.0.113.7", "203.28935", "0xcb.0.0x71.7", "3405803783", "0313.0.0161.07"];
        int dials = hosts.Sum(host => Enumerable.Range(0, 10).Count(
            i => TryDial(backOff, new PeerAddress(host, 443, TestIdentity.Node(i)))));

        Assert.That(hosts.Select(Plain), Is.All.EqualTo("203.0.113.7"));
        Assert.That(dials, Is.EqualTo(3));

        static string Plain(string host) => IPAddress.Parse(host) is { IsIPv4MappedToIPv6: true } ip
            ? ip.MapToIPv4().ToString()
            : IPAddress.Parse(host).ToString();
    }

    [Test]
    public void Threat_24_Of_a_peer_s_addresses_names_are_not_dialled_for_they_lead_where_its_owner_likes()
    {
        NodeId node = TestIdentity.Node(1);
        string[] hosts = ["a.victim.example", "localhost", "", "203.0.113.7", "2001:db8::7"];

        Assert.That(
            hosts.Select(host => PeerAddress.Read(new Address { Host = host, Port = 443 }, node)).OfType<PeerAddress>()
                .Select(read => read.Host),
            Is.EqualTo(hosts[3..]));
    }

    [Test]
    public void Several_nodes_on_one_device_that_are_there_hinder_nobody()
    {
        var clock = new ManualClock();
        var backOff = new DialBackOff(clock, new LinkPoolOptions());

        for (int i = 0; i < 100; i++)
        {
            var address = new PeerAddress("203.0.113.7", 4000 + i, TestIdentity.Node(i));
            Assert.That(TryDial(backOff, address));
            backOff.Succeeded(address);
            clock.Advance(Second);
        }
    }

    private static bool TryDial(DialBackOff backOff, PeerAddress address)
    {
        if (backOff.Refusal(address) is not null)
        {
            return false;
        }

        backOff.Failed(address);
        return true;
    }

    /// <summary>Who listens there is no node, and hangs up on everybody.</summary>
    private sealed class Victim : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private int _dialled;

        public Victim()
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            _ = Catching.ErrorAsync(CountAsync);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public int Dialled => Volatile.Read(ref _dialled);

        public void Dispose() => _listener.Dispose();

        private async Task CountAsync()
        {
            while (true)
            {
                using Socket came = await _listener.AcceptAsync();
                _ = Interlocked.Increment(ref _dialled);
            }
        }
    }
}
