using System.Text.Json;

namespace Swarm.Benchmarks;

/// <summary>A bench program that prints one JSON object, such as a packaged build of llama.cpp.</summary>
internal sealed class JsonRival(string name, RivalCommand command) : IRival
{
    public string Name => name;

    public Rates Measure(EngineOptions options, int threads)
    {
        (string output, _) = command.Run(
            "bench", options.Model, "--threads", $"{threads}", "--prompt", $"{options.Prompt}",
            "--generate", $"{options.Generate}", "--runs", "1");
        using var document = JsonDocument.Parse(output);

        return new Rates(
            document.RootElement.GetProperty("prefillTokensPerSecond").GetDouble(),
            document.RootElement.GetProperty("generationTokensPerSecond").GetDouble(),
            []);
    }
}
