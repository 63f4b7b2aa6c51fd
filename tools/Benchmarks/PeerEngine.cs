using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Swarm.Benchmarks;

/// <summary>Another engine's bench program, started anew for each run.</summary>
internal static class PeerEngine
{
    public static Rates Measure(EngineOptions options, int threads)
    {
        string[] arguments =
        [
            "bench", options.Model, "--threads", Text(threads), "--prompt", Text(options.Prompt),
            "--generate", Text(options.Generate), "--runs", "1",
        ];
        using Process process = Process.Start(
            new ProcessStartInfo(options.Peer!, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{options.Peer} ended with {process.ExitCode}: {output}");
        }

        using var document = JsonDocument.Parse(output);
        return new Rates(
            document.RootElement.GetProperty("prefillTokensPerSecond").GetDouble(),
            document.RootElement.GetProperty("generationTokensPerSecond").GetDouble());
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
