using System.CommandLine;
using Swarm.Node.Access;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary>The flags that say which swarm is meant and how to get in, the same for every verb.</summary>
internal sealed class SwarmFlags
{
    private readonly Option<PeerAddress[]> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string> _swarm = CommonOptions.Swarm();
    private readonly Option<string?> _dataDir = CommonOptions.DataDir();
    private readonly Option<bool> _noLan = CommonOptions.NoLan();

    private readonly Option<string?> _keyFile = new("--swarm-key")
    {
        Description = "The private swarm's key file. [default: swarm.key in the data directory]",
        HelpName = "FILE",
    };

    private readonly Option<bool> _public = new("--public")
    {
        Description = "A swarm without a key, which everybody who reaches it may join.",
    };

    private readonly Option<string?> _join = new("--join")
    {
        Description = "The line that 'swarm invite' prints on a device of the swarm; '-' reads it from standard input.",
        HelpName = "CODE",
    };

    /// <summary>For a verb that asks a swarm something.</summary>
    public IEnumerable<Option> All => [_join, .. ForNode];

    /// <summary>For a verb whose argument the code is.</summary>
    public IEnumerable<Option> ForNode => [_bootstrap, _noLan, _swarm, _keyFile, _public, _dataDir];

    /// <summary>For a verb that speaks to the node on this device.</summary>
    public IEnumerable<Option> Here => [_swarm, _keyFile, _dataDir];

    /// <summary>What a person chose.</summary>
    /// <exception cref="CommandException">The flags contradict one another, or the code is none.</exception>
    public SwarmChoice Read(ParseResult parsed) => Read(parsed, parsed.GetValue(_join));

    /// <summary>What a person chose with a code that was an argument.</summary>
    /// <exception cref="CommandException">The flags contradict one another, or the code is none.</exception>
    public SwarmChoice Read(ParseResult parsed, string? text)
    {
        JoinCode? code = text is null ? null : ReadCode(text);
        string? keyFile = parsed.GetValue(_keyFile) ?? Environment.GetEnvironmentVariable("SWARM_KEY_FILE");
        bool isNamed = parsed.GetResult(_swarm) is { Implicit: false };
        string name = isNamed || code is null ? parsed.GetRequiredValue(_swarm) : code.Swarm;

        if (code is not null && name != code.Swarm)
        {
            throw CommandException.Usage(
                $"the join code is for swarm '{code.Swarm}', not '{name}': leave --swarm out.");
        }

        if (parsed.GetValue(_public) && (code is { Keyring: not null } || parsed.GetValue(_keyFile) is not null))
        {
            throw CommandException.Usage("a public swarm has no key: leave out --public, or the key.");
        }

        string folder = Path.GetFullPath(parsed.GetValue(_dataDir) ?? NodeFolder.Default(name));
        var keys = new KeySource(folder)
        {
            NamedFile = string.IsNullOrEmpty(keyFile) ? null : Path.GetFullPath(keyFile),
            IsPublic = parsed.GetValue(_public),
            Code = code,
        };
        return new SwarmChoice(name, keys, [.. parsed.GetValue(_bootstrap) ?? [], .. code?.Addresses ?? []])
        {
            Lan = !parsed.GetValue(_noLan),
        };
    }

    /// <summary>Reads a join code, from standard input when it is '-'.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static JoinCode ReadCode(string text)
    {
        string line = text == "-" ? Console.In.ReadLine() ?? "" : text;
        return JoinCode.TryParse(line, out JoinCode? code, out string whyNot)
            ? code
            : throw CommandException.Usage(whyNot);
    }
}
