using System.CommandLine;
using System.Net;
using Swarm.Inference.Model;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm join</c>: hold some blocks of a model and serve them until told to leave.</summary>
internal static class JoinCommand
{
    private const string Auto = "auto";

    public static Command Create()
    {
        var model = new Option<string>("--model", "-m")
        {
            Description = $"A GGUF file, or '{ModelPath.BuiltIn}' for the built-in model.",
            HelpName = "FILE",
            Required = true,
        };
        var blocks = new Option<string>("--blocks")
        {
            Description = "Blocks to hold, FIRST:LAST; 'auto' takes those the swarm lacks most.",
            HelpName = "0:6|auto",
            DefaultValueFactory = _ => Auto,
        };
        blocks.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && text != Auto && !BlockRange.TryParse(text, out _))
            {
                result.AddError($"--blocks: '{text}' is no block range: write FIRST:LAST, for example 0:6, or auto.");
            }
        });
        var memory = new Option<long?>("--memory")
        {
            Description = "Memory for weights and caches. [default: half of this device's]",
            HelpName = "4GiB",
            CustomParser = result =>
            {
                if (ByteSize.TryParse(result.Tokens[0].Value, out long bytes))
                {
                    return bytes;
                }

                result.AddError($"--memory: '{result.Tokens[0].Value}' is no amount: write for example 4GiB or "
                    + "512MiB.");
                return null;
            },
        };
        var listen = new Option<IPEndPoint?>("--listen", "-l")
        {
            Description = "Where to listen. Other devices reach this one only if it is not loopback. [default: "
                + "127.0.0.1:0]",
            HelpName = "IP:PORT",
            CustomParser = CommonOptions.ParseListen,
        };
        var name = new Option<string>("--name")
        {
            Description = "What people call this node.",
            HelpName = "NAME",
            DefaultValueFactory = _ => Environment.MachineName,
        };
        Option<PeerAddress[]> bootstrap = CommonOptions.Bootstrap();
        Option<string> swarm = CommonOptions.Swarm();
        Option<string?> dataDir = CommonOptions.DataDir();
        Option<int> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb("join", "Joins a swarm and serves part of a model until Ctrl-C.")
        {
            Examples =
            [
                "swarm join --model llama.gguf --listen 0.0.0.0:4747",
                "swarm join --model llama.gguf --memory 4GiB --bootstrap 192.168.1.5:4747",
                "swarm join --model fable --blocks 0:4 --name kitchen",
            ],
        };

        Option[] all = [model, blocks, memory, listen, bootstrap, name, swarm, dataDir, threads, json];

        foreach (Option option in all)
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            string swarmName = parsed.GetRequiredValue(swarm);
            string modelArgument = parsed.GetRequiredValue(model);
            string blocksText = parsed.GetRequiredValue(blocks);
            var options = new NodeOptions
            {
                ModelFile = ModelPath.FindFile(modelArgument),
                ModelName = Path.GetFileNameWithoutExtension(modelArgument),
                Blocks = blocksText == Auto ? null : BlockRange.Parse(blocksText),
                MemoryBytes = parsed.GetValue(memory) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2,
                Listen = parsed.GetValue(listen) ?? new IPEndPoint(IPAddress.Loopback, 0),
                Bootstrap = parsed.GetValue(bootstrap) ?? [],
                Swarm = swarmName,
                Name = parsed.GetRequiredValue(name),
                Folder = Path.GetFullPath(parsed.GetValue(dataDir) ?? NodeFolder.Default(swarmName)),
                Threads = parsed.GetValue(threads),
            };

            return await ServeAsync(options, new EventPrinter(Console.Out, parsed.GetValue(json), TimeProvider.System));
        });

        return verb;
    }

    private static async Task<int> ServeAsync(NodeOptions options, EventPrinter log)
    {
        using var interrupts = new Interrupts();
        await new SwarmNode(options, TimeProvider.System, log).RunAsync(interrupts.First, interrupts.Second);
        return ExitCode.Ok;
    }
}
