namespace Swarm.Benchmarks;

/// <summary>What is measured of the engine.</summary>
internal sealed record EngineOptions
{
    public const string Usage = """
          --peer PATH        another engine's bench program, run in turns with ours:
                             PATH bench MODEL --threads T --prompt P --generate G --runs 1
                             must print a JSON object with prefillTokensPerSecond and generationTokensPerSecond
          --threads 1,2      thread counts to measure
          --prompt 512       tokens of the prompt
          --generate 64      tokens generated after it
          --rounds 3         turns
        """;

    public required string Model { get; init; }

    public string? Peer { get; init; }

    public int[] Threads { get; init; } = [1, 2];

    public int Prompt { get; init; } = 512;

    public int Generate { get; init; } = 64;

    public int Rounds { get; init; } = 3;

    /// <summary>Reads the command line behind the verb.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static EngineOptions Parse(string[] args)
    {
        if (args is not [var model, .. var rest] || model.StartsWith('-'))
        {
            throw new ArgumentException("engine wants a model file first");
        }

        var options = new EngineOptions { Model = model };

        foreach ((string name, string value) in Options.Pairs(rest))
        {
            options = name switch
            {
                "--peer" => options with { Peer = value },
                "--threads" => options with { Threads = Options.Numbers(value) },
                "--prompt" => options with { Prompt = Options.Number(value) },
                "--generate" => options with { Generate = Options.Number(value) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return options;
    }
}
