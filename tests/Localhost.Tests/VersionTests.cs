using System.Net;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Localhost.Tests;

/// <summary>Programs of different times meet.</summary>
[TestFixture]
public sealed class VersionTests
{
    [TestCase("status")]
    [TestCase("join --model {model} --blocks 0:1")]
    [TestCase("generate --model {model} hello")]
    public async Task A_node_of_another_protocol_version_is_named_with_both_versions_and_what_to_do(string command)
    {
        const string Swarm = "versions";
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var key = NodeKey.Create();
        Hello hello = TestIdentity.Hello(Swarm);
        (hello.ProtocolMin, hello.ProtocolMax) = (8, 9);
        await using var later = new TcpTransport(
            key, hello, new IPEndPoint(IPAddress.Loopback, 0), TimeProvider.System);
        string folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

        SwarmResult result = await SwarmProcess.RunAsync(
            deadline.Token,
            [
                .. command.Split(' ').Select(word => word.Replace("{model}", TestModel.Path, StringComparison.Ordinal)),
                "--swarm", Swarm, "--bootstrap", $"{later.Endpoint}", "--data-dir", folder, "--public",
            ]);
        Directory.Delete(folder, recursive: true);

        Assert.That(result.ExitCode, Is.EqualTo(1), result.Errors);
        Assert.That(result.Errors, Does.Contain("another version"));
        Assert.That(result.Errors, Does.Contain("protocol 1 to 1").And.Contain("8 to 9"));
        Assert.That(result.Errors, Does.Contain("the older one must be updated"));
        Assert.That(
            result.ErrorLines.Where(line => line.StartsWith("swarm: ", StringComparison.Ordinal)), Has.Exactly(1).Items);
    }
}
