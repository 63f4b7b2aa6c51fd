using System.Globalization;

namespace Swarm.Bench;

/// <summary>What is measured.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        usage: Swarm.Bench MODEL.gguf [options]
          --peer PATH        another engine's bench program, run in turns with ours:
                             PATH bench MODEL --threads T --prompt P --generate G --runs 1
                             must print a JSON object with prefillTokensPerSecond and generationTokensPerSecond
          --threads 1,2      thread counts to measure
          --prompt 512       tokens of the prompt
          --generate 64      tokens generated after it
          --rounds 3         turns; medians and spreads are over these
        """;

    public required string Model { get; init; }

    public string? Peer { get; init; }

    public int[] Threads { get; init; } = [1, 2];

    public int Prompt { get; init; } = 512;

    public int Generate { get; init; } = 64;

    public int Rounds { get; init; } = 3;

    /// <summary>Reads the command line; null when it is not one.</summary>
    public static BenchOptions? Parse(string[] args)
    {
        if (args.Length == 0 || args[0].StartsWith('-') || args.Length % 2 == 0)
        {
            return null;
        }

        var options = new BenchOptions { Model = args[0] };

        for (int i = 1; i < args.Length; i += 2)
        {
            string value = args[i + 1];
            options = args[i] switch
            {
                "--peer" => options with { Peer = value },
                "--threads" => options with { Threads = [.. value.Split(',').Select(Number)] },
                "--prompt" => options with { Prompt = Number(value) },
                "--generate" => options with { Generate = Number(value) },
                "--rounds" => options with { Rounds = Number(value) },
                _ => throw new ArgumentException($"unknown option {args[i]}"),
            };
        }

        return options;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
