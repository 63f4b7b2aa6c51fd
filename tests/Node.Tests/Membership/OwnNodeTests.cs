using Google.Protobuf;
using NUnit.Framework;
using Spectre.Console;
using Swarm.Node.CommandLine;
using Swarm.Node.Membership;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Node.Tests.Membership;

/// <summary>How the node of this device is linked, as it says it and as a person reads it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class OwnNodeTests
{
    private static readonly NodeId Self = TestIdentity.Node(1);

    [Test]
    public void Each_way_is_told_apart_for_people_and_for_machines()
    {
        OwnNode own = new(Self, "oak", OwnNode.Read(Shown(
            Link(2, "elm"), Link(3, "ash", punched: true), Link(4, "fir", relay: TestIdentity.Node(2)))));

        Assert.That(
            own.Links.Select(link => link.Way),
            Is.EqualTo(new[] { LinkWay.Direct, LinkWay.Punched, LinkWay.Relayed }));
        string text = Text(own);
        Assert.That(text, Does.Contain("oak, the node of this device, is linked to 3 nodes:"));
        Assert.That(text, Does.Match("elm .* direct .* 10.0.0.2:4747 .* 1.5"));
        Assert.That(text, Does.Match("ash .* punched "));
        Assert.That(text, Does.Match($"fir .* by relay {TestIdentity.Node(2).Brief} "));
        string json = StatusJson.Write(new SwarmStatus("main", []), own);
        Assert.That(json, Does.Contain("\"way\": \"punched\"").And.Contain($"\"relay\": \"{TestIdentity.Node(2)}\""));
        Assert.That(StatusJson.Write(new SwarmStatus("main", []), own: null), Does.Not.Contain("ownNode"));
    }

    [Test]
    public void A_node_without_links_says_so()
        => Assert.That(
            Text(new OwnNode(Self, "oak", [])), Does.Contain("oak, the node of this device, is linked to nobody"));

    [Test]
    public void Of_many_peers_with_long_names_as_many_are_named_as_a_message_holds()
    {
        ShownLink[] many = [.. Enumerable.Range(0, 256).Select(i => Link(i, new string('\u4e2d', 128)))];
        LinksShown shown = OwnNode.Fit(many);

        Assert.That(shown.Links, Has.Count.InRange(100, 255));
        Assert.That(
            new Envelope { LinksShown = shown }.CalculateSize(),
            Is.InRange(WireLimits.HeaderBytesMax - 1000, WireLimits.HeaderBytesMax));
        Assert.That(OwnNode.Fit(many[..50]).Links, Has.Count.EqualTo(50));
    }

    [Test]
    public void What_makes_no_sense_is_left_out()
    {
        ShownLink nobody = Link(2, "short");
        nobody.Node = ByteString.CopyFrom(1, 2, 3);
        ShownLink odd = Link(3, "bell\a");
        odd.Seen = new Address { Host = "a.name", Port = 1 };
        odd.RoundTripMs = double.NaN;
        NodeLink read = OwnNode.Read(Shown(nobody, odd)).Single();

        Assert.That(read.Name, Does.Not.Contain('\a'));
        Assert.That(read.SeenAt, Is.Null);
        Assert.That(read.RoundTripMs, Is.Zero);
    }

    private static string Text(OwnNode own)
    {
        using var written = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            Out = new AnsiConsoleOutput(written),
        });
        console.Profile.Width = 120;
        StatusTable.Show(console, new SwarmStatus("main", []), own);
        return written.ToString();
    }

    private static LinksShown Shown(params IEnumerable<ShownLink> links)
    {
        var shown = new LinksShown();
        shown.Links.Add(links);
        return shown;
    }

    private static ShownLink Link(int number, string name, bool punched = false, NodeId? relay = null)
    {
        return new ShownLink
        {
            Node = Bytes(TestIdentity.Node(number)),
            Name = name,
            Punched = punched,
            Relay = relay is { } node ? Bytes(node) : ByteString.Empty,
            Seen = new Address { Host = $"10.0.0.{number}", Port = 4747 },
            RoundTripMs = 1.5,
        };

        static ByteString Bytes(NodeId node)
        {
            byte[] bytes = new byte[NodeId.Size];
            node.Write(bytes);
            return ByteString.CopyFrom(bytes);
        }
    }
}
