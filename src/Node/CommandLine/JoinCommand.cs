using System.CommandLine;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm join</c>: hold some blocks of a model and serve them until told to leave.</summary>
internal static class JoinCommand
{
    public static Command Create()
    {
        var flags = new JoinFlags();
        var verb = new Verb("join", "Joins a swarm and serves part of a model until Ctrl-C.")
        {
            Examples =
            [
                "swarm join --model llama.gguf --listen 0.0.0.0:4747",
                "swarm join CODE --model llama.gguf --memory 4GiB --listen 0.0.0.0:4747",
                "swarm join --model fable --blocks 0:4 --name kitchen",
            ],
        };

        verb.Arguments.Add(flags.Code);

        foreach (Option option in flags.All)
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) => await ServeAsync(
            flags.Read(parsed),
            new EventPrinter(Console.Out, flags.IsJson(parsed), TimeProvider.System)));

        return verb;
    }

    private static async Task<int> ServeAsync(NodeOptions options, EventPrinter log)
    {
        using var interrupts = new Interrupts();
        await new SwarmNode(options, TimeProvider.System, log).RunAsync(interrupts.First, interrupts.Second);
        return ExitCode.Ok;
    }
}
