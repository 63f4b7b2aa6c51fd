namespace Swarm.Benchmarks;

/// <summary>What is measured of a start.</summary>
internal sealed record StartOptions
{
    public const string Usage = """
          --swarm PATH       the built program; without it the Release build of this repository
          --threads 2        threads
          --rounds 3         turns
        """;

    public required string Model { get; init; }

    public string Swarm { get; init; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "../../../../../src/Node/bin/Release/net10.0/swarm"));

    public int Threads { get; init; } = 2;

    public int Rounds { get; init; } = 3;

    /// <summary>Reads the command line behind the verb.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static StartOptions Parse(string[] args)
    {
        if (args is not [var model, .. var rest] || model.StartsWith('-'))
        {
            throw new ArgumentException("start wants a model file first");
        }

        var options = new StartOptions { Model = model };

        foreach ((string name, string value) in Options.Pairs(rest))
        {
            options = name switch
            {
                "--swarm" => options with { Swarm = value },
                "--threads" => options with { Threads = Options.Number(value) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return File.Exists(options.Swarm)
            ? options
            : throw new ArgumentException($"there is no program at {options.Swarm}: build src/Node or use --swarm PATH");
    }
}
