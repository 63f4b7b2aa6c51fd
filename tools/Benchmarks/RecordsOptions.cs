namespace Swarm.Benchmarks;

/// <summary>How many forged records a node is offered.</summary>
internal sealed record RecordsOptions
{
    public const string Usage = """
          --rate 10000             records offered a second, by a thousand peers in turn
          --seconds 5              how long, by the node's clock
          --rounds 5               times it is repeated
        """;

    public int Rate { get; init; } = 10_000;

    public int Seconds { get; init; } = 5;

    public int Rounds { get; init; } = 5;

    /// <summary>Reads the command line behind the verb.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static RecordsOptions Parse(string[] args)
    {
        var options = new RecordsOptions();

        foreach ((string name, string value) in Options.Pairs(args))
        {
            options = name switch
            {
                "--rate" => options with { Rate = Options.Number(value) },
                "--seconds" => options with { Seconds = Options.Number(value) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return options;
    }
}
