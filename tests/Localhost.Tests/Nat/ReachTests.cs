using System.Text.Json;
using NUnit.Framework;
using Swarm.Testing.Nat;

namespace Swarm.Localhost.Tests.Nat;

/// <summary>Real nodes on both sides of a router find out who can be dialled.</summary>
[TestFixture]
public sealed class ReachTests
{
    [OneTimeSetUp]
    public void FindWhatItTakes()
    {
        if (NatLab.Obstacle() is { } obstacle)
        {
            Assert.Ignore(obstacle);
        }
    }

    [Test]
    public async Task A_node_behind_a_router_learns_from_others_whether_its_port_is_open([Values] bool maps)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var lab = new NatLab();
        await lab.StartAsync();
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

        using (SwarmProcess outside = Join(lab.Wan.Name, folder, "outside"))
        {
            _ = await outside.WaitForAsync("serving", deadline.Token);
            using SwarmProcess inside = Join(
                lab.Lan.Name,
                folder,
                "inside",
                ["--bootstrap", "5.5.5.2:4747", .. maps ? (string[])["--map-port"] : []]);
            JsonElement told = await inside.WaitForAsync(maps ? "reachable" : "unreachable", deadline.Token);

            Assert.That(told.GetProperty(maps ? "confirmed" : "failed").GetInt32(), Is.EqualTo(1));
            Assert.That(maps ? "5.5.5.1" : told.GetProperty("seenAt").GetString(), Is.EqualTo("5.5.5.1"));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static SwarmProcess Join(string space, string folder, string name, params IEnumerable<string> arguments)
        => SwarmProcess.StartIn(
            space,
            [
                "join", "--model", TestModel.Path, "--blocks", "0:4", "--listen", "0.0.0.0:4747",
                "--data-dir", Path.Combine(folder, name), "--swarm", "both", "--public", "--name", name,
                "--no-lan", "--threads", "1", "--json",
                .. arguments,
            ]);
}
