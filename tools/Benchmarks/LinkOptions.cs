namespace Swarm.Benchmarks;

/// <summary>What is measured of links.</summary>
internal sealed record LinkOptions
{
    public const string Usage = """
          --sizes 64,8192,65536    payload bytes of a round trip
          --turns 2000             round trips per round and size
          --bulk 256               MiB sent one way per round
          --rounds 5               turns
        """;

    public int[] Sizes { get; init; } = [64, 8192, 65536];

    public int Turns { get; init; } = 2000;

    public int BulkMebibytes { get; init; } = 256;

    public int Rounds { get; init; } = 5;

    /// <summary>Reads the command line behind the verb.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static LinkOptions Parse(string[] args)
    {
        var options = new LinkOptions();

        foreach ((string name, string value) in Options.Pairs(args))
        {
            options = name switch
            {
                "--sizes" => options with { Sizes = Options.Numbers(value) },
                "--turns" => options with { Turns = Options.Number(value) },
                "--bulk" => options with { BulkMebibytes = Options.Number(value) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return options;
    }
}
