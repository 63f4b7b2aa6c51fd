using System.CommandLine;
using System.Security.Cryptography;
using Swarm.Protocol.Messages;

namespace Swarm.Node.CommandLine;

/// <summary>The flags that decide how logits become text: the names and defaults people know.</summary>
internal sealed class SamplingFlags
{
    public Option<int> TokensMax { get; } = new Option<int>("--max-tokens", "-n")
    {
        Description = "The most tokens to generate.",
        HelpName = "N",
        DefaultValueFactory = _ => 256,
        CustomParser = CommonOptions.ParseNumber<int>,
    }.AtLeast(1);

    public Option<string[]> Stop { get; } = new("--stop")
    {
        Description = "End before this text; may be given several times.",
        HelpName = "TEXT",
    };

    private readonly Option<float> _temperature =
        Number("--temp", "Randomness; 0 always takes the likeliest token.", 0.8f).AtLeast(0f).AtMost(100f);

    private readonly Option<int> _topK =
        Count("--top-k", "Draw only from the K likeliest tokens; 0 is off.", 40).AtLeast(0);

    private readonly Option<float> _topP =
        Number("--top-p", "Draw only from the likeliest that reach this sum; 1 is off.", 0.95f)
            .AtLeast(0.0001f).AtMost(1f);

    private readonly Option<float> _minP =
        Number("--min-p", "Drop tokens below this share of the likeliest; 0 is off.", 0.05f).AtLeast(0f).AtMost(1f);

    private readonly Option<float> _repeatPenalty =
        Number("--repeat-penalty", "Weakens tokens seen lately; 1 is off.", 1f).AtLeast(0.01f).AtMost(100f);

    private readonly Option<int> _repeatLastN =
        Count("--repeat-last-n", "How many tokens count as lately.", 64).AtLeast(0).AtMost(1 << 20);

    private readonly Option<ulong?> _seed = new("--seed", "-s")
    {
        Description = "The same seed gives the same text, on any route. [default: drawn, and shown at the end]",
        HelpName = "N",
        CustomParser = result => CommonOptions.ParseNumber<ulong>(result),
    };

    public IEnumerable<Option> All
        => [TokensMax, _temperature, _topK, _topP, _minP, _repeatPenalty, _repeatLastN, _seed, Stop];

    /// <summary>What applies when no flag is given, with a seed.</summary>
    public static Sampling Defaults(ulong seed)
    {
        var flags = new SamplingFlags();
        var command = new Command("defaults");

        foreach (Option option in flags.All)
        {
            command.Options.Add(option);
        }

        Sampling sampling = flags.Read(command.Parse([]));
        sampling.Seed = seed;
        return sampling;
    }

    public Sampling Read(ParseResult parsed) => new()
    {
        Temperature = parsed.GetValue(_temperature),
        TopK = (uint)parsed.GetValue(_topK),
        TopP = parsed.GetValue(_topP),
        MinP = parsed.GetValue(_minP),
        RepeatPenalty = parsed.GetValue(_repeatPenalty),
        RepeatLastN = (uint)parsed.GetValue(_repeatLastN),
        Seed = parsed.GetValue(_seed) ?? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue),
    };

    private static Option<float> Number(string name, string description, float standard) => new(name)
    {
        Description = description,
        HelpName = "X",
        DefaultValueFactory = _ => standard,
        CustomParser = CommonOptions.ParseNumber<float>,
    };

    private static Option<int> Count(string name, string description, int standard) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => standard,
        CustomParser = CommonOptions.ParseNumber<int>,
    };
}
