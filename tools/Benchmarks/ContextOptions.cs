using Swarm.Inference.Forward;

namespace Swarm.Benchmarks;

/// <summary>What is measured of a long context.</summary>
internal sealed record ContextOptions
{
    public const string Usage = """
          --threads 2        threads
          --long 4096        positions of the long context
          --short 512        positions of the prompt it is compared with
          --generate 32      tokens generated after nothing, and after the long context
          --kv f16           how keys and values are kept: f32, f16, q8_0
          --rounds 3         turns
        """;

    public required string Model { get; init; }

    public int Threads { get; init; } = 2;

    public int Long { get; init; } = 4096;

    public int Short { get; init; } = 512;

    public int Generate { get; init; } = 32;

    public KvCacheType Kv { get; init; } = KvCacheType.F16;

    public int Rounds { get; init; } = 3;

    /// <summary>Reads the command line behind the verb.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static ContextOptions Parse(string[] args)
    {
        if (args is not [var model, .. var rest] || model.StartsWith('-'))
        {
            throw new ArgumentException("context wants a model file first");
        }

        var options = new ContextOptions { Model = model };

        foreach ((string name, string value) in Options.Pairs(rest))
        {
            options = name switch
            {
                "--threads" => options with { Threads = Options.Number(value) },
                "--long" => options with { Long = Options.Number(value) },
                "--short" => options with { Short = Options.Number(value) },
                "--generate" => options with { Generate = Options.Number(value) },
                "--kv" => options with { Kv = Enum.Parse<KvCacheType>(value, ignoreCase: true) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return options;
    }
}
