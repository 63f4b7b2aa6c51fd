using System.CommandLine;
using System.Security.Cryptography;
using Swarm.Node.Demo;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm demo</c>: the whole thing on this machine, with nothing to prepare.</summary>
internal static class DemoCommand
{
    private const string Prompt = "Once upon a time";

    // About a page.
    private const int TokensMax = 400;

    public static Command Create(Terminal terminal)
    {
        var model = new Option<string>("--model", "-m")
        {
            Description = "The model: a GGUF file, or the built-in one.",
            HelpName = "FILE",
            DefaultValueFactory = _ => ModelPath.BuiltIn,
        };
        var seed = new Option<int?>("--seed", "-s")
        {
            Description = "Decides the story, and who is killed when. [default: drawn]",
            HelpName = "N",
        };
        var verb = new Verb("demo", "Tells a story over four processes on this machine, and kills one of them "
            + "meanwhile.")
        {
            Examples = ["swarm demo", "swarm demo --seed 7"],
        };
        verb.Options.Add(model);
        verb.Options.Add(seed);
        verb.SetAction(async (parsed, _) =>
        {
            string name = parsed.GetRequiredValue(model);
            var options = new DemoOptions(
                name == ModelPath.BuiltIn ? name : Path.GetFullPath(ModelPath.FindFile(name)),
                ModelPath.FindFile(name),
                Path.GetFileNameWithoutExtension(name),
                Prompt,
                TokensMax,
                parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(10_000));
            using var interrupts = new Interrupts();
            using var demo = new DemoRun(options, terminal.Out, TimeProvider.System);
            return await demo.RunAsync(interrupts.First) ? ExitCode.Ok : ExitCode.Failed;
        });

        return verb;
    }
}
