using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;
using Swarm.Testing;
using Swarm.Testing.Nat;

namespace Swarm.Localhost.Tests.Nat;

/// <summary>Port mapping against the real miniupnpd, in network namespaces.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Children)]
public sealed class RouterTests
{
    // Messages by their first byte: the version.
    private const string Pcp = "udp dport 5351 @th,64,8 2";
    private const string NatPmp = "udp dport 5351 @th,64,8 0";
    private const string Upnp = "udp dport 1900";

    // So that a slow machine's late answer changes nothing, only one protocol is heard at a time.
    private static readonly Dictionary<string, string[]> Unheard = new()
    {
        ["PCP"] = [NatPmp, Upnp],
        ["NAT-PMP"] = [Pcp, Upnp],
        ["UPnP"] = [Pcp, NatPmp],
        ["all"] = [],
    };

    [OneTimeSetUp]
    public void FindWhatItTakes()
    {
        if (NatLab.Obstacle() is { } obstacle)
        {
            Assert.Ignore(obstacle);
        }
    }

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    [TestCase("UPnP")]
    public async Task A_mapping_is_made_reached_renewed_and_released(string protocol)
    {
        using NatLab lab = await LabAsync(protocol);
        await using var node = new MappedNode(lab);
        await node.UntilMappedAsync(protocol);
        Assert.That(node.Last!.Mapping!.External, Is.EqualTo(IPEndPoint.Parse("5.5.5.1:4747")));
        Assert.That(await node.IsReachedAsync(), "from the other side");

        // The daemon counts in seconds.
        long expiry = node.Expiry;
        await Waiting.UntilAsync(() => Renewed(node, expiry), TimeProvider.System);
        Assert.That(await node.IsReachedAsync(), "after the renewal");

        await node.LeaveAsync();
        Assert.That(lab.Leases.Trim(), Is.Empty);
        Assert.That(await node.IsReachedAsync(), Is.False, "after the release");
    }

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    public async Task A_router_that_restarts_with_nothing_and_says_so_leads_here_again(string protocol)
    {
        using NatLab lab = await LabAsync("all");

        // A count of seconds that goes back by less than a few proves nothing.
        await Waiting.UntilAsync(() => lab.Epoch >= 5, TimeProvider.System);
        lab.Silence(Unheard[protocol]);
        await using var node = new MappedNode(lab);
        await node.UntilMappedAsync(protocol);
        await lab.RestartAsync();
        await Waiting.UntilAsync(() => node.Expiry > 0, TimeProvider.System, TimeSpan.FromSeconds(10));
        Assert.That(await node.IsReachedAsync());
    }

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    [TestCase("UPnP")]
    public async Task A_router_that_restarts_with_nothing_and_is_not_heard_leads_here_again(string protocol)
    {
        using NatLab lab = await LabAsync(protocol);
        lab.Gag();
        await using var node = new MappedNode(lab);
        await node.UntilMappedAsync(protocol);
        await lab.RestartAsync();
        Assert.That(node.Expiry, Is.Zero);

        // The renewal, which is not waited for here.
        node.Nudge();
        await Waiting.UntilAsync(() => node.Expiry > 0, TimeProvider.System, TimeSpan.FromSeconds(10));
        Assert.That(await node.IsReachedAsync());
    }

    [Test]
    public async Task When_a_protocol_dies_the_next_takes_over()
    {
        using NatLab lab = await LabAsync("PCP");
        await using var node = new MappedNode(lab);
        await node.UntilMappedAsync("PCP");
        lab.Silence(Unheard["NAT-PMP"]);
        node.Nudge();
        await node.UntilMappedAsync("NAT-PMP");
        Assert.That(await node.IsReachedAsync());
        lab.Silence(Unheard["UPnP"]);
        node.Nudge();
        await node.UntilMappedAsync("UPnP");
        Assert.That(await node.IsReachedAsync());
    }

    [Test]
    public async Task A_mapping_that_vanished_is_back_with_the_next_renewal([Values("PCP", "NAT-PMP")] string protocol)
    {
        using NatLab lab = await LabAsync(protocol);
        await using var node = new MappedNode(lab);
        await node.UntilMappedAsync(protocol);
        lab.Flush();
        Assert.That(await node.IsReachedAsync(), Is.False);
        node.Nudge();
        await Waiting.UntilAsync(
            () => lab.Gateway.Execute("nft", "list", "chain", "inet", "filter", "prerouting_miniupnpd")
                .Contains("4747", StringComparison.Ordinal),
            TimeProvider.System);
        Assert.That(await node.IsReachedAsync());
    }

    [TestCase("all")]
    [TestCase("UPnP")]
    public async Task A_router_behind_another_one_is_reported(string protocol)
    {
        using NatLab lab = await LabAsync(protocol, NatLab.PrivateAddress);
        await using var node = new MappedNode(lab);
        await node.UntilAsync(state => state.Mapping is null);
        Assert.That(node.Last!.Why, Does.Contain("another gateway"));
        Assert.That(lab.Leases.Trim(), Is.Empty);
    }

    [Test]
    public async Task Another_client_sees_our_mapping_and_keeps_its_own()
    {
        if (NetworkNamespace.Obstacle("natpmpc", "upnpc") is { } obstacle)
        {
            Assert.Ignore(obstacle);
        }

        using NatLab lab = await LabAsync("all");
        await using var node = new MappedNode(lab);
        await node.UntilAsync(state => state.Mapping is not null);
        string mapped = lab.Lan.Execute("natpmpc", "-g", "192.168.77.1", "-a", "31337", "31337", "tcp", "300");
        Assert.That(mapped, Does.Contain("Mapped public port 31337"));
        string listed = lab.Lan.Execute("upnpc", "-m", "l0", "-l");
        Assert.That(listed, Does.Contain("4747->192.168.77.2:4747").And.Contain("31337->192.168.77.2:31337"));
        await node.LeaveAsync();
        Assert.That(lab.Leases, Does.Contain("31337").And.Not.Contain("4747"));
    }

    [Test]
    public async Task Threat_29_A_rogue_device_on_the_network_sends_us_nowhere()
    {
        using NatLab lab = await LabAsync("UPnP");
        lab.Silence(Pcp, NatPmp, "ip daddr 192.168.77.1 udp dport 1900");
        using Socket victim = lab.Listen(8080);
        lab.Gateway.Ip("addr", "add", "192.168.77.66/24", "dev", "rl");
        using Socket rogue = lab.Gateway.Open(SocketType.Dgram, ProtocolType.Udp);
        rogue.Bind(new IPEndPoint(IPAddress.Parse("192.168.77.66"), 0));
        using Socket ear = lab.Gateway.Open(SocketType.Dgram, ProtocolType.Udp);
        ear.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        ear.SetSocketOption(
            SocketOptionLevel.IP,
            SocketOptionName.AddMembership,
            new MulticastOption(IPAddress.Parse("239.255.255.250"), NatLab.Router));
        ear.Bind(new IPEndPoint(IPAddress.Any, 1900));
        int answered = 0;
        using var stop = new CancellationTokenSource();
        Task lying = LieAsync(ear, rogue, () => answered++, stop.Token);

        // The real router still answers multicast: it is found in spite of the liar.
        await using var node = new MappedNode(lab);
        await node.UntilMappedAsync("UPnP");
        Assert.That(await node.IsReachedAsync());
        Assert.That(answered, Is.GreaterThan(0), "the liar has spoken");
        Assert.That(victim.Poll(0, SelectMode.SelectRead), Is.False, "the victim was dialled");
        stop.Cancel();
        await lying;
    }

    private static async Task LieAsync(Socket ear, Socket mouth, Action onAnswered, CancellationToken stop)
    {
        byte[] lie = Encoding.ASCII.GetBytes(
            "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n"
                + "LOCATION: http://192.168.77.2:8080/d.xml\r\n\r\n");
        byte[] heard = new byte[2048];

        try
        {
            while (true)
            {
                SocketReceiveFromResult search = await ear.ReceiveFromAsync(
                    heard, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), stop);
                _ = await mouth.SendToAsync(lie, SocketFlags.None, search.RemoteEndPoint, stop);
                onAnswered();
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private static bool Renewed(MappedNode node, long expiry)
    {
        node.Nudge();
        return node.Expiry > expiry;
    }

    private static async Task<NatLab> LabAsync(string protocol, string external = NatLab.PublicAddress)
    {
        var lab = new NatLab(external);
        lab.Silence(Unheard[protocol]);
        await lab.StartAsync();
        return lab;
    }
}
