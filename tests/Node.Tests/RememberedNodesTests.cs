using NUnit.Framework;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests;

/// <summary>Whom a node remembers from its last run.</summary>
[TestFixture]
public sealed class RememberedNodesTests
{
    private static readonly SwarmId Ours = SwarmId.FromName("ours");

    private string _folder = "";

    private string File => Path.Combine(_folder, "nodes.txt");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Nodes_come_back_as_they_were_each_at_its_first_address_and_no_more_than_the_bound()
    {
        Contact[] met = [.. Enumerable.Range(1, RememberedNodes.NodesMax + 3).Select(Met)];
        new RememberedNodes(_folder, Ours).Save(met);
        Assert.That(
            new RememberedNodes(_folder, Ours).Load(),
            Is.EqualTo(met.Take(RememberedNodes.NodesMax).Select(one => one.Addresses[0])));
    }

    [Test]
    public void Who_has_an_address_at_home_and_one_on_the_internet_is_remembered_at_both()
    {
        NodeId node = TestIdentity.Node(1);
        PeerAddress[] addresses = [.. "192.168.1.5 10.8.0.2 5.5.5.1 5.5.5.2".Split(' ')
            .Select(host => new PeerAddress(host, 4747, node))];
        new RememberedNodes(_folder, Ours).Save([new Contact(node, addresses), Met(2)]);
        Assert.That(
            new RememberedNodes(_folder, Ours).Load(),
            Is.EqualTo((PeerAddress[])[addresses[0], addresses[2], Met(2).Addresses[0]]));
    }

    [Test]
    public void Those_of_another_swarm_are_forgotten()
    {
        new RememberedNodes(_folder, Ours).Save([Met(1)]);
        Assert.That(new RememberedNodes(_folder, SwarmId.FromName("theirs")).Load(), Is.Empty);
    }

    [Test]
    public void Who_knows_nobody_at_the_end_keeps_whom_it_knew_before()
    {
        var nodes = new RememberedNodes(_folder, Ours);
        nodes.Save([Met(1)]);
        nodes.Save([]);
        Assert.That(nodes.Load(), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_broken_file_is_as_good_as_none_and_a_broken_line_costs_only_itself()
    {
        var nodes = new RememberedNodes(_folder, Ours);
        Assert.That(nodes.Load(), Is.Empty);
        System.IO.File.WriteAllText(File, new string('x', 100_000));
        Assert.That(nodes.Load(), Is.Empty);
        System.IO.File.WriteAllLines(File, ["nonsense"]);
        Assert.That(nodes.Load(), Is.Empty);
        System.IO.File.WriteAllLines(
            File, [Ours.ToString(), "10.0.0.1:4747", "x@y", "", Met(2).Addresses[0].ToString(), new string('h', 400) + ":1"]);
        Assert.That(nodes.Load(), Is.EqualTo(Met(2).Addresses));
    }

    private static Contact Met(int number)
    {
        NodeId node = TestIdentity.Node(number);
        return new Contact(node, [new PeerAddress($"10.0.0.{number}", 4747, node)]);
    }
}
