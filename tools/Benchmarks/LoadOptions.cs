namespace Swarm.Benchmarks;

/// <summary>What load a node is put under.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
          --links 2000             links held at once
          --seconds 4              how long strangers knock per round
          --rounds 3               turns of strangers
        """;

    public int Links { get; init; } = 2000;

    public int Seconds { get; init; } = 4;

    public int Rounds { get; init; } = 3;

    /// <summary>Reads the command line behind the verb.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static LoadOptions Parse(string[] args)
    {
        var options = new LoadOptions();

        foreach ((string name, string value) in Options.Pairs(args))
        {
            options = name switch
            {
                "--links" => options with { Links = Options.Number(value) },
                "--seconds" => options with { Seconds = Options.Number(value) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return options;
    }
}
