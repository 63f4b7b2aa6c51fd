using System.Globalization;
using System.Text.Json;

namespace Swarm.Benchmarks;

/// <summary>
/// A native build's <c>llama-bench</c>, of llama.cpp or of a fork of it; <c>llama-batched-bench</c> beside it measures
/// several sessions at once.
/// </summary>
internal sealed class LlamaBenchRival(string name, RivalCommand command) : IRival
{
    public string Name => name;

    public Rates Measure(EngineOptions options, int threads)
    {
        (string output, _) = command.Run(
            "-m", options.Model, "-t", $"{threads}", "-p", $"{options.Prompt}", "-n", $"{options.Generate}",
            "-r", "1", "-o", "json");
        using var document = JsonDocument.Parse(output);

        return new Rates(
            Rate(document, "n_prompt", options.Prompt),
            Rate(document, "n_gen", options.Generate),
            [.. options.Sessions.Select(sessions => Together(options, threads, sessions))]);
    }

    // One row of a table, on either stream: PP, TG, B, N_KV, T_PP, S_PP, T_TG, S_TG (the sum over all sessions), …
    private double Together(EngineOptions options, int threads, int sessions)
    {
        const int PromptTokens = 16;
        const int Speed = 8;
        int positions = sessions * (PromptTokens + options.Generate);
        (string output, string notes) = command.Beside("llama-batched-bench").Run(
            "-m", options.Model, "-t", $"{threads}", "-c", $"{positions}", "-npp", $"{PromptTokens}",
            "-ntg", $"{options.Generate}", "-npl", $"{sessions}");
        string[] cells = (output + notes).Split('\n')
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .First(cells => cells.Length > Speed && double.TryParse(cells[Speed], out _));
        return double.Parse(cells[Speed], CultureInfo.InvariantCulture);
    }

    private static double Rate(JsonDocument document, string key, int tokens)
        => document.RootElement.EnumerateArray()
            .First(test => test.GetProperty(key).GetInt32() == tokens)
            .GetProperty("avg_ts")
            .GetDouble();
}
