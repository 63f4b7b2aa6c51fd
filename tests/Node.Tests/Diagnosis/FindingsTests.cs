using System.Net;
using NUnit.Framework;
using Swarm.Node.Diagnosis;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Membership;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Diagnosis;

/// <summary>What a person reads for each thing that can be found.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class FindingsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 30, 5, TimeSpan.Zero);

    private static readonly LanInterface Eth0 = new(
        2, "eth0", [(IPAddress.Parse("192.168.1.5"), 24), (IPAddress.Parse("fe80::1"), 64)]);

    private static readonly NodeHere Here = new(new PeerAddress("127.0.0.1", 4747, TestIdentity.Node(1)), IsMeant: true);

    private static readonly SwarmVisit Silent = new();

    [Test]
    public void Interfaces_are_named_with_their_addresses()
        => Says(Findings.Interfaces([Eth0]), FindingState.Works, "eth0 (192.168.1.5)");

    [Test]
    public void A_device_without_a_network_is_told_to_connect_it()
        => Says(Findings.Interfaces([]), FindingState.Broken, "no network interface", "connect it to a network");

    [Test]
    public void Working_multicast_names_the_interfaces_and_the_nodes_of_this_and_of_other_swarms()
    {
        var own = SwarmId.FromName("own");
        Finding found = Findings.LocalNetwork(
            [new HeardInterface("eth0", true, null)], [Hint(1, own), Hint(2, SwarmId.FromName("other"))], own, here: null);
        Says(found, FindingState.Works, "multicast works on eth0; 1 node of this swarm announced there, 1 node of other "
            + "swarms, one at 192.168.1.2:4747");
        Assert.That(
            Findings.LocalNetwork([new HeardInterface("eth0", true, null)], [], own: null, here: null).Says,
            Does.EndWith("no node is announced there"));
        Says(
            Findings.LocalNetwork(
                [new HeardInterface("eth0", true, null)], [Hint(1, own), Hint(2, own)], own, Hint(1, own).Node),
            FindingState.Works,
            "; 1 other node of this swarm announced there");
    }

    [Test]
    public void Multicast_that_works_on_some_interfaces_only_is_a_matter_of_the_firewall()
        => Says(
            Findings.LocalNetwork(
                [
                    new HeardInterface("eth0", true, null),
                    new HeardInterface("wlan0", false, null),
                    new HeardInterface("eth1", false, "in use"),
                ],
                [],
                own: null, here: null),
            FindingState.Limited,
            "works on eth0, not on wlan0, eth1 (in use)",
            "UDP port 5353");

    [Test]
    public void Multicast_that_works_nowhere_is_broken_and_says_whose_fault_it_may_be()
    {
        Says(
            Findings.LocalNetwork([new HeardInterface("eth0", false, null)], [], own: null, here: null),
            FindingState.Broken,
            "sends to all on eth0 does not come back",
            "firewall");
        Says(
            Findings.LocalNetwork([new HeardInterface("eth0", false, "in use")], [], own: null, here: null),
            FindingState.Broken,
            "UDP port 5353 cannot be opened on eth0 (in use)",
            "end the program");
    }

    [Test]
    public void What_was_not_looked_at_is_said_to_be()
    {
        Says(Findings.LocalNetwork(heard: null, [], own: null, here: null), FindingState.Unknown, "--no-lan");
        Says(Findings.LocalNetwork([], [], own: null, here: null), FindingState.Unknown, "no network");
        Says(Findings.PortMapping(trial: null), FindingState.Unknown, "--no-map-port");
    }

    [Test]
    public void A_router_that_opens_ports_is_named_with_its_protocol_and_address()
        => Says(
            Findings.PortMapping(new PortTrial(true, false, new MappingState(
                new Mapping(new IPEndPoint(IPAddress.Parse("5.5.5.1"), 4747), 4747, TimeSpan.FromHours(1)), "PCP", ""))),
            FindingState.Works,
            "opens a port when asked (PCP); its public address is 5.5.5.1");

    [Test]
    public void A_router_that_opens_no_port_is_no_fault_but_there_is_something_to_do()
    {
        Says(
            Findings.PortMapping(new PortTrial(true, false, MappingState.None("it refuses."))),
            FindingState.Limited,
            "opens no port: it refuses.",
            "UPnP or NAT-PMP");
        Says(Findings.PortMapping(new PortTrial(false, false, null)), FindingState.Limited, "no router", "elsewhere");
        Says(Findings.PortMapping(new PortTrial(true, true, null)), FindingState.Works, "public address of its own");
    }

    [Test]
    public void A_node_says_where_it_is_reached()
    {
        Says(Findings.Reachability(here: null, Silent), FindingState.Unknown, "no node runs here", "swarm join");
        Says(Findings.Reachability(Here, Silent), FindingState.Broken, "does not answer", "start it again");
        Says(Findings.Reachability(Here, Silent with { IsRefused = true }), FindingState.Unknown, "no way into its swarm");
        Says(
            Findings.Reachability(Here with { IsMeant = false }, Silent), FindingState.Unknown, "another swarm", "leave out");
        Says(
            Findings.Reachability(Here, Telling(NodeAt(true, "127.0.0.1"))),
            FindingState.Limited,
            "listens on loopback",
            "--listen 0.0.0.0:4747");
        Says(
            Findings.Reachability(Here, Telling(NodeAt(true, "192.168.1.5"))),
            FindingState.Limited,
            "dial 192.168.1.5:4747; from elsewhere nothing leads here",
            "port mapping");
        Says(
            Findings.Reachability(Here, Telling(NodeAt(false, "192.168.1.5"))),
            FindingState.Limited,
            "did not come through",
            "forward TCP port 4747");
        Says(
            Findings.Reachability(Here, Telling(NodeAt(true, "192.168.1.5", "5.5.5.1"))),
            FindingState.Works,
            "192.168.1.5:4747, 5.5.5.1:4747");
    }

    [Test]
    public void Relays_are_named_where_they_are_needed()
    {
        Hello one = NodeAt(false, "192.168.1.5");
        one.Addresses.Add(AtRelay("5.5.1.1"));
        Hello two = one.Clone();
        two.Addresses.Add(AtRelay("5.5.2.1"));

        Says(Findings.Relays(here: null, Silent), FindingState.Unknown, "no node runs here", "swarm join");
        Says(Findings.Relays(Here, Silent), FindingState.Unknown, "does not answer", "start it again");
        Says(Findings.Relays(Here, Telling(NodeAt(true, "5.5.5.1"))), FindingState.Works, "none needed");
        Says(
            Findings.Relays(Here, Telling(NodeAt(false, "192.168.1.5"))),
            FindingState.Limited,
            "none reserved",
            "have one node of the swarm that others can dial");
        Says(Findings.Relays(Here, Telling(one)), FindingState.Limited, "through 1 relay: 5.5.1.1:4747 (", "spare one");
        Says(Findings.Relays(Here, Telling(two)), FindingState.Works, "through 2 relays: 5.5.1.1:4747 (");
        Says(Findings.Reachability(Here, Telling(two)), FindingState.Limited, "did not come through", "forward TCP port 4747");

        static Address AtRelay(string host)
            => new PeerAddress(host, 4747, TestIdentity.Node(1)) { Relay = TestIdentity.Node(2) }.ToMessage();
    }

    [Test]
    public void A_router_that_gives_each_connection_another_port_is_told_by_what_peers_see()
    {
        Hello hidden = NodeAt(false, "192.168.1.5");
        Says(Findings.OutsidePort(here: null, Silent), FindingState.Unknown, "no node runs here", "swarm join");
        Says(Findings.OutsidePort(Here, Telling(NodeAt(true, "5.5.5.1"))), FindingState.Works, "others dial this node");
        Says(Findings.OutsidePort(Here, Telling(NodeAt(false, "127.0.0.1"))), FindingState.Works, "none is used");
        Says(
            Seen("5.5.5.1:31001", "5.5.5.1:28112"),
            FindingState.Limited,
            "another one (symmetric NAT): 2 nodes see this one at 5.5.5.1:31001, 5.5.5.1:28112; until a port leads to "
                + "it, most nodes behind routers of their own reach it through a relay only",
            "forward TCP port 4747 to this device, or switch on UPnP");
        Says(Seen("5.5.5.1:4747", "5.5.5.1:4747"), FindingState.Works, "keeps one: 2 of 2 nodes see this one at 5.5.5.1:4747");

        // One that lies does not outvote those that agree.
        Says(Seen("5.5.5.1:9", "5.5.5.1:4747", "5.5.5.1:4747"), FindingState.Works, "2 of 3 nodes");

        Finding Seen(params string[] outside)
            => Findings.OutsidePort(Here, Telling(hidden) with { Links = [.. outside.Select((seen, i) => Link(i, seen))] });
    }

    [Test]
    public void Where_nobody_can_tell_whether_the_router_keeps_a_port_nothing_is_claimed()
    {
        SwarmVisit hidden = Telling(NodeAt(false, "192.168.1.5"));
        Unclear([], "no node says");
        Unclear([Link(1, "5.5.5.1:31001")], "one node sees this one at 5.5.5.1:31001; only a second one");
        Unclear([Link(1, "5.5.5.1:31001"), Link(1, "5.5.5.1:31002")], "one node sees");
        Unclear([Link(1, "5.5.5.1:31001"), Link(2, null)], "one node sees");
        Unclear([Link(1, "192.168.1.5:4747"), Link(2, "192.168.1.5:4747")], "no node says");
        Unclear([Link(1, "5.5.5.1:31001"), Link(2, "6.6.6.1:31002")], "one node sees");
        Says(Findings.OutsidePort(Here, hidden), FindingState.Unknown, "no node says", "two relays");

        void Unclear(NodeLink[] links, string says)
            => Says(Findings.OutsidePort(Here, hidden with { Links = links }), FindingState.Unknown, says, "two relays");
    }

    [Test]
    public void Clocks_are_compared_by_the_middle_one()
    {
        Says(Findings.Clock([], Now), FindingState.Unknown, "says 2026-03-01 12:30:05 UTC", "more than 60 s apart");
        Says(Findings.Clock([Seconds(0.2)], Now), FindingState.Works, "within 0.2 s of another node's");
        Says(
            Findings.Clock([Seconds(12), Seconds(12.5), Seconds(-3000)], Now),
            FindingState.Limited,
            "12.0 s behind that of 3 other nodes",
            "NTP");
        Says(Findings.Clock([Seconds(-90), Seconds(-90)], Now), FindingState.Broken, "90.0 s ahead of that of 2", "NTP");
    }

    [Test]
    public void A_key_is_there_or_missing_or_being_replaced_or_of_no_use()
    {
        Says(Findings.Key(new KeyFacts("/x/swarm.key", 1, null)), FindingState.Works, "in /x/swarm.key");
        Says(Findings.Key(new KeyFacts("/x", 0, null)), FindingState.Limited, "none in /x", "swarm join CODE");
        Says(Findings.Key(new KeyFacts("/x/swarm.key", 2, null)), FindingState.Works, "holds 2", "swarm key drop");
        Says(Findings.Key(new KeyFacts(null, 0, null)), FindingState.Works, "public");
        Says(
            Findings.Key(new KeyFacts("/x/swarm.key", 0, "others can read it")),
            FindingState.Broken,
            "others can read it",
            "move it away");
    }

    [Test]
    public void A_swarm_is_there_or_not_found_or_refuses_or_lacks_blocks()
    {
        Says(
            Findings.Swarm("main", new SwarmVisit { Status = new SwarmStatus("main", []) }),
            FindingState.Works,
            "'main' has 0 nodes and 0 models");
        Says(Findings.Swarm("main", new SwarmVisit { Refusal = "nobody is here." }), FindingState.Limited, "nobody is here");
        Says(
            Findings.Swarm("main", new SwarmVisit { Refusal = "hung up.", IsRefused = true }), FindingState.Broken, "hung up");
    }

    private static void Says(Finding finding, FindingState state, string says, string? advice = null)
    {
        Assert.That(finding.Says, Does.Contain(says));
        Assert.That(finding.State, Is.EqualTo(state), finding.Says);
        Assert.That(finding.Advice, advice is null ? Is.Null : Does.Contain(advice));
    }

    private static SwarmVisit Telling(Hello hello) => new() { OwnNode = hello };

    private static NodeLink Link(int number, string? outside)
    {
        NodeId node = TestIdentity.Node(number);
        PeerAddress? seen = null;
        Assert.That(outside is null || PeerAddress.TryParse(outside, out seen));
        return new NodeLink(
            node, "elm", LinkWay.Direct, Relay: null, new PeerAddress($"5.5.1.{number}", 4747, node), seen, RoundTripMs: 1);
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private static LanHint Hint(int number, SwarmId swarm)
    {
        NodeId node = TestIdentity.Node(number);
        return new LanHint($"node {number}", node, swarm, [new PeerAddress($"192.168.1.{number}", 4747, node)]);
    }

    private static Hello NodeAt(bool server, params string[] hosts)
    {
        var hello = new Hello { Server = server };
        hello.Addresses.Add(hosts.Select(host => new Address { Host = host, Port = 4747 }));
        return hello;
    }
}
