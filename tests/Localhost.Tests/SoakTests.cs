using System.Diagnostics;
using NUnit.Framework;

namespace Swarm.Localhost.Tests;

/// <summary>Real nodes come and go for a few seconds: what they find is true, and nothing is left of them.</summary>
[TestFixture]
public sealed class SoakTests
{
    [Test]
    [Platform("Linux")]
    [CancelAfter(180_000)]
    public async Task Ten_real_nodes_join_leave_and_are_killed_and_nothing_is_left_of_them(CancellationToken cancel)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Swarm.Soak.dll");
        string[] arguments = [program, "--nodes", "10", "--seconds", "6", "--deaths", "60", "--lease", "5"];
        using Process soak = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
        })!;

        try
        {
            string table = await soak.StandardOutput.ReadToEndAsync(cancel);
            await soak.WaitForExitAsync(cancel);
            Assert.That(soak.ExitCode, Is.Zero, table);
        }
        finally
        {
            soak.Kill();
        }
    }
}
