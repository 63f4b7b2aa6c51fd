using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Swarm.Localhost.Tests;

/// <summary>The demo's own processes are its own affair.</summary>
[TestFixture]
public sealed partial class DemoTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    [Test]
    public async Task A_demo_that_is_killed_takes_its_processes_with_it()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var demo = SwarmProcess.Start("demo", "--seed", "3");

        while (NodeLine().Count(demo.Output) < 4)
        {
            Assert.That(demo.IsRunning, Is.True, demo.Output + demo.Errors);
            await Task.Delay(Look, deadline.Token);
        }

        IPEndPoint[] nodes = [.. NodeLine().Matches(demo.Output)
            .Select(line => int.Parse(line.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            .Select(port => new IPEndPoint(IPAddress.Loopback, port))];
        Assert.That(nodes.Select(IsListening), Is.All.True);
        demo.Kill();

        while (nodes.Any(IsListening))
        {
            await Task.Delay(Look, deadline.Token);
        }
    }

    private static bool IsListening(IPEndPoint node)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        try
        {
            socket.Connect(node);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"process \d+ +127\.0\.0\.1:(\d+)")]
    private static partial Regex NodeLine();
}
