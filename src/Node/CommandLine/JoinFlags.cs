using System.CommandLine;
using System.Net;
using Swarm.Inference.Model;
using Swarm.Node.Access;

namespace Swarm.Node.CommandLine;

/// <summary>The flags that decide what a node does.</summary>
internal sealed class JoinFlags
{
    private const string Auto = "auto";

    // Fits a table, and with everything else an announcement of 1 KiB.
    private const int NameLengthMax = 64;

    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description = $"A GGUF file, or '{ModelPath.BuiltIn}' for the built-in model.",
        HelpName = "FILE",
    };

    private readonly Option<string> _blocks = new("--blocks")
    {
        Description = "Blocks to hold, FIRST:LAST; 'auto' takes those the swarm lacks most.",
        HelpName = "0:6|auto",
        DefaultValueFactory = _ => Auto,
    };

    private readonly Option<long?> _memory = new("--memory")
    {
        Description = "Memory for weights and caches. [default: half of this device's]",
        HelpName = "4GiB",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;

            if (ByteSize.TryParse(text, out long bytes))
            {
                return bytes;
            }

            result.AddError($"--memory: '{text}' is no amount: write for example 4GiB or 512MiB.");
            return null;
        },
    };

    private readonly Option<IPEndPoint?> _listen = new("--listen", "-l")
    {
        Description = "Where to listen; others neither reach nor find a node on loopback. [default: 127.0.0.1:0]",
        HelpName = "IP:PORT",
        CustomParser = CommonOptions.ParseListen,
    };

    private readonly Option<bool> _mapPort = new("--map-port")
    {
        Description = "Ask the home router for a port that leads here: the internet then reaches this node. "
            + "[default: only in a private swarm]",
    };

    private readonly Option<bool> _noMapPort = CommonOptions.NoMapPort();

    private readonly Option<string> _name = new("--name")
    {
        Description = "What people call this node.",
        HelpName = "NAME",
        DefaultValueFactory = _ => Environment.MachineName,
    };

    private readonly SwarmFlags _swarm = new();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    public JoinFlags()
    {
        _blocks.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && text != Auto && !BlockRange.TryParse(text, out _))
            {
                result.AddError($"--blocks: '{text}' is no block range: write FIRST:LAST, for example 0:6, or auto.");
            }
        });
        _name.Validators.Add(result =>
        {
            string? name = result.GetValueOrDefault<string>();

            if (string.IsNullOrWhiteSpace(name) || name.Length > NameLengthMax)
            {
                result.AddError($"--name needs a name of 1 to {NameLengthMax} letters.");
            }
        });
    }

    public IEnumerable<Option> All
        => [_model, _blocks, _memory, _listen, _mapPort, _noMapPort, _name, .. _swarm.ForNode, _threads, _json];

    /// <summary>What 'swarm invite' printed on a device of the swarm.</summary>
    public Argument<string?> Code { get; } = new("code")
    {
        Description = "The line that 'swarm invite' prints on a device of the swarm; '-' reads it from standard input. "
            + "Without one this node is the first of a new swarm, or of the one it was in.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    public NodeOptions Read(ParseResult parsed)
    {
        SwarmChoice swarm = _swarm.Read(parsed, parsed.GetValue(Code));
        string model = parsed.GetValue(_model) ?? swarm.Keys.Code?.Model ?? throw CommandException.Usage(
            "there is no model: name its file with --model.");
        string blocks = parsed.GetRequiredValue(_blocks);
        string modelName = Path.GetFileNameWithoutExtension(model);

        return new NodeOptions
        {
            ModelFile = ModelPath.FindFile(model),
            ModelName = modelName[..Math.Min(NameLengthMax, modelName.Length)],
            Blocks = blocks == Auto ? null : BlockRange.Parse(blocks),
            MemoryBytes = parsed.GetValue(_memory) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2,
            Listen = parsed.GetValue(_listen) ?? new IPEndPoint(IPAddress.Loopback, 0),
            // Who has no key gets no further than the cookie; a public swarm is opened to the internet only when asked.
            MapsPort = !parsed.GetValue(_noMapPort) && (parsed.GetValue(_mapPort) || swarm.Keys.File is not null),
            Bootstrap = swarm.Bootstrap,
            Lan = swarm.Lan,
            Swarm = swarm.Name,
            Keys = swarm.Keys,
            Name = parsed.GetRequiredValue(_name),
            Folder = swarm.Folder,
            Threads = parsed.GetValue(_threads),
        };
    }
}
