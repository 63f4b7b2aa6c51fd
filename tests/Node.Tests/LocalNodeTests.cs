using System.Runtime.Versioning;
using NUnit.Framework;

namespace Swarm.Node.Tests;

/// <summary>What a running node leaves in its folder.</summary>
[TestFixture]
[Parallelizable]
public sealed class LocalNodeTests
{
    private static readonly string[] Names = ["home", "a/b", "a_b", "a:b", "ä", "ö"];

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_running_node_is_found()
    {
        LocalNode node = Node(Environment.ProcessId);
        node.Write(_folder);

        Assert.That(LocalNode.Find(_folder), Is.EqualTo(node));
    }

    [Test]
    public void A_node_whose_process_is_gone_is_not_found()
    {
        Node(int.MaxValue).Write(_folder);

        Assert.That(LocalNode.Find(_folder), Is.Null);
    }

    [Test]
    public void Nothing_is_found_where_nothing_runs()
        => Assert.That(LocalNode.Find(Path.Combine(_folder, "none")), Is.Null);

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("{\"address\":")]
    [TestCase("[1,2]")]
    public void A_broken_file_is_no_node(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "node.json"), text);

        Assert.That(LocalNode.Find(_folder), Is.Null);
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public void Only_the_owner_can_read_the_token()
    {
        Node(Environment.ProcessId).Write(_folder);

        Assert.That(
            File.GetUnixFileMode(Path.Combine(_folder, "node.json")),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void Two_swarms_have_two_folders_even_if_their_names_look_alike_to_a_file_system()
        => Assert.That(
            Names.Select(NodeFolder.Default).Distinct().Count(), Is.EqualTo(Names.Length));

    private static LocalNode Node(int process) => new("Qm@127.0.0.1:1", "main", "ann", process, "00ff");
}
