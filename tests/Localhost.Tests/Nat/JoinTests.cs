using System.Text.Json;
using NUnit.Framework;
using Swarm.Testing.Nat;

namespace Swarm.Localhost.Tests.Nat;

/// <summary>The real program behind the real router.</summary>
[TestFixture]
public sealed class JoinTests
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
    public async Task A_node_behind_a_router_is_found_from_beyond_and_returns_its_port()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var lab = new NatLab();
        await lab.StartAsync();
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

        using (var node = SwarmProcess.StartIn(
            lab.Lan.Name,
            "join", "--model", TestModel.Path, "--blocks", "0:8", "--listen", "0.0.0.0:4747", "--threads", "1",
            "--data-dir", folder, "--swarm", "behind", "--json"))
        {
            List<string> told = [];

            // Mapped and serving, in whichever order.
            while (!told.Contains("portMapped") || !told.Contains("serving"))
            {
                JsonElement next = await node.NextAsync(deadline.Token)
                    ?? throw new InvalidOperationException(node.Errors);
                told.Add(next.GetProperty("event").GetString()!);

                if (told[^1] == "portMapped")
                {
                    Assert.That(next.GetProperty("address").GetString(), Is.EqualTo("5.5.5.1:4747"));
                    Assert.That(next.GetProperty("protocol").GetString(), Is.AnyOf("PCP", "NAT-PMP", "UPnP"));
                }
            }

            string status = "";

            // The announcement follows the mapping within seconds.
            while (!status.Contains("5.5.5.1:4747", StringComparison.Ordinal))
            {
                status = await StatusFromBeyondAsync(lab, folder, deadline.Token);
            }

            node.Signal("INT");
            Assert.That(await node.ExitAsync(deadline.Token), Is.Zero, node.Errors);
            Assert.That(lab.Leases.Trim(), Is.Empty);
            Assert.That(told.Count(one => one == "portMapped"), Is.EqualTo(1));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string> StatusFromBeyondAsync(NatLab lab, string folder, CancellationToken cancel)
    {
        using var status = SwarmProcess.StartIn(
            lab.Wan.Name, "status", "--json", "--bootstrap", "5.5.5.1:4747", "--swarm", "behind",
            "--swarm-key", Path.Combine(folder, "swarm.key"));
        int code = await status.ExitAsync(cancel);
        Assert.That(code, Is.Zero, status.Errors);
        return status.Output;
    }
}
