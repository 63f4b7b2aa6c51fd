namespace Swarm.Benchmarks;

/// <summary>What is measured of the engine.</summary>
internal sealed record EngineOptions
{
    public const string Usage = """
          --llama-bench NAME=PROGRAM   a native llama-bench of llama.cpp or of a fork, run in turns with ours; may be given
                             several times; arguments for every call may follow PROGRAM in the same word:
                             --llama-bench "repacked=build/bin/llama-bench -rtr 1"
          --peer NAME=PROGRAM   any program that, called with
                             bench MODEL --threads T --prompt P --generate G --runs 1,
                             prints a JSON object with prefillTokensPerSecond and generationTokensPerSecond
          --sessions 2,4     also generate for so many sessions together
          --threads 1,2      thread counts to measure
          --prompt 512       tokens of the prompt
          --generate 64      tokens generated after it
          --rounds 3         turns
        """;

    public required string Model { get; init; }

    public IReadOnlyList<IRival> Rivals { get; init; } = [];

    public int[] Sessions { get; init; } = [];

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
                "--peer" => options.And(value, (rival, command) => new JsonRival(rival, command)),
                "--llama-bench" => options.And(value, (rival, command) => new LlamaBenchRival(rival, command)),
                "--sessions" => options with { Sessions = Options.Numbers(value) },
                "--threads" => options with { Threads = Options.Numbers(value) },
                "--prompt" => options with { Prompt = Options.Number(value) },
                "--generate" => options with { Generate = Options.Number(value) },
                "--rounds" => options with { Rounds = Options.Number(value) },
                _ => throw Options.Unknown(name),
            };
        }

        return options;
    }

    private EngineOptions And(string text, Func<string, RivalCommand, IRival> make)
        => text.Split('=', 2) is [{ Length: > 0 } name, { } command]
            ? this with { Rivals = [.. Rivals, make(name, RivalCommand.Parse(command))] }
            : throw new ArgumentException($"{text} is not NAME=PROGRAM");
}
