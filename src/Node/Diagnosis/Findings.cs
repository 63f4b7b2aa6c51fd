using System.Globalization;
using System.Net;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Node.Diagnosis;

/// <summary>What the facts mean, in plain words, and what to do about them. Looks at nothing itself.</summary>
internal static partial class Findings
{
    // Clocks of devices that set them by the network differ by less.
    private static readonly TimeSpan LeadOk = TimeSpan.FromSeconds(5);

    /// <summary>What leads from this device to others.</summary>
    public static Finding Interfaces(IReadOnlyList<LanInterface> found)
        => found.Count > 0
            ? new Finding("interfaces", FindingState.Works, string.Join(", ", found.Select(Describe)))
            : new Finding(
                "interfaces",
                FindingState.Broken,
                "no network interface leads from this device to others",
                "connect it to a network; tunnels and the networks of containers do not count.");

    /// <summary>Whether nodes can find each other there.</summary>
    /// <param name="heard">What became of a question to the multicast group; null when none was asked.</param>
    /// <param name="announced">The nodes that are announced there.</param>
    /// <param name="own">The swarm a person means; null when there is no key to tell.</param>
    /// <param name="here">The node of this device; null when none runs.</param>
    public static Finding LocalNetwork(
        IReadOnlyList<HeardInterface>? heard, IReadOnlyList<LanHint> announced, SwarmId? own, NodeId? here)
    {
        const string Topic = "localNetwork";

        if (heard is not { Count: > 0 })
        {
            return new Finding(Topic, FindingState.Unknown, heard is null
                ? "not looked at, as --no-lan demands"
                : "there is no network to look at");
        }

        string works = string.Join(", ", heard.Where(one => one.IsHeard).Select(one => one.Name));
        string deaf = string.Join(
            ", ", heard.Where(one => one is { IsHeard: false, Refusal: null }).Select(one => one.Name));
        string refused = string.Join(
            ", ", heard.Where(one => one.Refusal is not null).Select(one => $"{one.Name} ({one.Refusal})"));

        if (works.Length > 0)
        {
            string nodes = Announced([.. announced.Where(hint => hint.Node != here)], own, here is not null);
            string except = deaf.Length + refused.Length > 0
                ? $", not on {string.Join(", ", ((string[])[deaf, refused]).Where(one => one.Length > 0))}"
                : "";
            return new Finding(
                Topic,
                except.Length > 0 ? FindingState.Limited : FindingState.Works,
                $"multicast works on {works}{except}; {nodes}",
                except.Length > 0 ? "let UDP port 5353 through this device's firewall on all of them." : null);
        }

        return refused.Length > 0
            ? new Finding(
                Topic,
                FindingState.Broken,
                $"UDP port 5353 cannot be opened on {refused}",
                "end the program that keeps that port for itself; or do without, with --no-lan and --bootstrap "
                    + "HOST:PORT.")
            : new Finding(
                Topic,
                FindingState.Broken,
                $"what this device sends to all on {deaf} does not come back",
                "let UDP port 5353 through this device's firewall; or do without, with --bootstrap HOST:PORT.");
    }

    /// <summary>Whether the router opens a port when asked.</summary>
    /// <param name="trial">What it said; null when it was not asked.</param>
    public static Finding PortMapping(PortTrial? trial)
    {
        const string Topic = "portMapping";

        return trial switch
        {
            null => new Finding(Topic, FindingState.Unknown, "not asked for, as --no-map-port demands"),
            { HasGateway: false } => new Finding(
                Topic,
                FindingState.Limited,
                "there is no router that leads out of this network",
                "nothing, unless devices elsewhere are to reach this one."),
            { IsPublic: true } => new Finding(
                Topic, FindingState.Works, "not needed: this device has a public address of its own"),
            { State: { Mapping: { } mapping } state } => new Finding(
                Topic,
                FindingState.Works,
                $"the router opens a port when asked ({state.Protocol}); its public address is "
                    + $"{mapping.External.Address}"),
            _ => new Finding(
                Topic,
                FindingState.Limited,
                $"the router opens no port: {trial.State?.Why}",
                "switch on UPnP or NAT-PMP in the router, or have it forward a TCP port to this device; inside this "
                    + "network nothing is missing."),
        };
    }

    /// <summary>Where others reach the node of this device.</summary>
    /// <param name="here">The node; null when none runs.</param>
    /// <param name="visit">What it says to those it meets.</param>
    public static Finding Reachability(NodeHere? here, SwarmVisit visit)
    {
        const string Topic = "reachability";

        if (visit.OwnNode is not { } hello)
        {
            return NoAnswer(Topic, here, visit, FindingState.Broken);
        }

        Address[] direct = [.. hello.Addresses.Where(one => one.Relay.IsEmpty)];
        string[] all = [.. direct.Select(one => new PeerAddress(one.Host, (int)one.Port).ToString())];
        Address[] inside = [.. direct.Where(one => !IsLoopback(one))];
        string[] outside = [.. direct.Zip(all).Where(one => IsPublic(one.First)).Select(one => one.Second)];

        return inside.Length == 0
            ? new Finding(
                Topic,
                FindingState.Limited,
                "only this device reaches its node, which listens on loopback",
                "start it with --listen 0.0.0.0:4747 for the others.")
            : !hello.Server
            ? new Finding(
                Topic,
                FindingState.Limited,
                "the nodes that were asked to dial this one did not come through; it takes part by dialling others",
                $"have the router forward TCP port {inside[0].Port} to this device, and let it through the firewall.")
            : outside.Length == 0
            ? new Finding(
                Topic,
                FindingState.Limited,
                $"others in this network dial {string.Join(", ", all)}; from elsewhere nothing leads here",
                "nothing, unless devices elsewhere are to reach this one: see port mapping.")
            : new Finding(Topic, FindingState.Works, $"others dial {string.Join(", ", all)}");
    }

    /// <summary>At which relays others reach the node of this device when they cannot dial it.</summary>
    /// <param name="here">The node; null when none runs.</param>
    /// <param name="visit">What it says to those it meets.</param>
    public static Finding Relays(NodeHere? here, SwarmVisit visit)
    {
        const string Topic = "relays";

        if (visit.OwnNode is not { } hello)
        {
            return NoAnswer(Topic, here, visit, FindingState.Unknown);
        }

        string[] held = [.. hello.Addresses
            .Where(one => one.Relay.Length == NodeId.Size)
            .Select(one => $"{new PeerAddress(one.Host, (int)one.Port)} ({NodeId.Read(one.Relay.Span)})")];

        return held.Length > 0
            ? new Finding(
                Topic,
                held.Length > 1 ? FindingState.Works : FindingState.Limited,
                $"others reach this node through {Count(held.Length, "relay")}: {string.Join(", ", held)}",
                held.Length > 1 ? null : "nothing; a second node that others can dial would be the spare one.")
            : hello.Server
            ? new Finding(Topic, FindingState.Works, "none needed: others dial this node")
            : new Finding(
                Topic,
                FindingState.Limited,
                "none reserved: only those whom this node dials can use it",
                "have one node of the swarm that others can dial: on a rented server, or with its port forwarded.");
    }

    /// <summary>Whether this device knows the time.</summary>
    /// <param name="leads">By how much other nodes' clocks are ahead.</param>
    /// <param name="now">What this device's says.</param>
    public static Finding Clock(IReadOnlyList<TimeSpan> leads, DateTimeOffset now)
    {
        const string Topic = "clock";
        string most = string.Create(CultureInfo.InvariantCulture, $"{WireLimits.ClockSkewMax.TotalSeconds:0} s");

        if (leads.Count == 0)
        {
            return new Finding(
                Topic,
                FindingState.Unknown,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"no other node to compare with; this device's says {now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"),
                $"if others refuse this device, compare: nodes whose clocks are more than {most} apart hang up.");
        }

        // By the middle one: a single wrong clock is that node's problem.
        TimeSpan lead = leads.Order().ElementAt(leads.Count / 2);
        string by = string.Create(CultureInfo.InvariantCulture, $"{lead.Duration().TotalSeconds:0.0} s");
        string others = leads.Count == 1 ? "another node's" : $"that of {leads.Count} other nodes";
        string says = lead > TimeSpan.Zero ? $"{by} behind {others}" : $"{by} ahead of {others}";

        return lead.Duration() <= LeadOk
            ? new Finding(Topic, FindingState.Works, $"within {by} of {others}")
            : new Finding(
                Topic,
                lead.Duration() > WireLimits.ClockSkewMax ? FindingState.Broken : FindingState.Limited,
                $"{says}; nodes more than {most} apart hang up",
                "have the system set its clock by the network (NTP).");
    }

    /// <summary>Whether this device can prove that it belongs to the swarm.</summary>
    public static Finding Key(KeyFacts facts)
    {
        const string Topic = "swarmKey";

        return facts switch
        {
            { Refusal: { } refusal } => new Finding(
                Topic,
                FindingState.Broken,
                refusal,
                "put the file right; or move it away, and take the key anew with 'swarm join CODE'."),
            { IsPublic: true } => new Finding(
                Topic,
                FindingState.Works,
                "none needed: the swarm is public, and whoever reaches it may join and read along"),
            { Count: 0 } => new Finding(
                Topic,
                FindingState.Limited,
                $"there is none in {facts.Where}: this device is in no private swarm yet",
                "'swarm join' founds one; 'swarm join CODE' takes what 'swarm invite' prints on a device of one."),
            { Count: > 1 } => new Finding(
                Topic,
                FindingState.Works,
                $"{facts.Where} holds {facts.Count}: the key is being replaced",
                "run 'swarm key drop' on every device when all have the new one."),
            _ => new Finding(Topic, FindingState.Works, $"in {facts.Where}"),
        };
    }

    /// <summary>Whether there is a way into the swarm, and what is in it.</summary>
    public static Finding Swarm(string name, SwarmVisit visit)
    {
        const string Topic = "swarm";

        if (visit.Status is not { } status)
        {
            return new Finding(
                Topic, visit.IsRefused ? FindingState.Broken : FindingState.Limited, visit.Refusal.TrimEnd('.'));
        }

        string[] gaps = [.. status.Models
            .Where(model => model.Uncovered.Count > 0)
            .Select(model => $"{string.Join(", ", model.Uncovered)} of {model.Listing.Name}")];
        string nodes = $"'{name}' has {Count(status.NodeCount, "node")} and {Count(status.Models.Count, "model")}";

        return gaps.Length == 0
            ? new Finding(Topic, FindingState.Works, nodes)
            : new Finding(
                Topic,
                FindingState.Limited,
                $"{nodes}; nobody serves blocks {string.Join("; ", gaps)}",
                "start another node with that model, or give one more memory.");
    }

    private static Finding NoAnswer(string topic, NodeHere? here, SwarmVisit visit, FindingState silent) => here switch
    {
        null => new Finding(
            topic, FindingState.Unknown, "no node runs here", "start one with 'swarm join', and ask again."),
        { IsMeant: false } => new Finding(
            topic,
            FindingState.Unknown,
            "the node of this device is of another swarm",
            "to ask about that one leave out --join, --swarm and --swarm-key."),
        _ when visit.IsRefused => new Finding(
            topic, FindingState.Unknown, "the node of this device was not asked: there is no way into its swarm"),
        _ => new Finding(topic, silent, "the node of this device does not answer", "start it again."),
    };

    private static string Describe(LanInterface at)
        => $"{at.Name} ({string.Join(", ", at.Networks
            .Select(network => network.Address)
            .Where(address => !address.IsIPv6LinkLocal)
            .DefaultIfEmpty(at.Networks[0].Address))})";

    private static string Announced(IReadOnlyList<LanHint> announced, SwarmId? own, bool hasOne)
    {
        LanHint[] others = [.. announced.Where(hint => hint.Swarm != own)];
        string ours = own is null
            ? ""
            : $"{Count(announced.Count - others.Length, hasOne ? "other node" : "node")} of this swarm announced there";
        string theirs = others.Length == 0
            ? ""
            : $"{Count(others.Length, "node")} of other swarms, one at {LanNeighbours.Where(others)}";
        string both = string.Join(", ", ((string[])[ours, theirs]).Where(one => one.Length > 0));
        return both.Length > 0 ? both : "no node is announced there";
    }

    private static string Count(int count, string one)
        => string.Create(CultureInfo.InvariantCulture, $"{count} {one}{(count == 1 ? "" : "s")}");

    private static bool IsLoopback(Address address)
        => IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip);

    private static bool IsPublic(Address address)
        => IPAddress.TryParse(address.Host, out IPAddress? ip) && PublicAddress.Is(ip);
}
