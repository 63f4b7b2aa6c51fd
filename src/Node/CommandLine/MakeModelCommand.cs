using System.CommandLine;
using Spectre.Console;
using Swarm.Inference.Making;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm make-model</c>: a model of random weights in a real shape, for measuring.</summary>
internal static class MakeModelCommand
{
    private static readonly GgmlType[] Types =
        [GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0];

    public static Command Create(Terminal terminal)
    {
        var output = new Argument<string>("out") { Description = "The GGUF file to write." };
        var shape = new Option<string>("--shape")
        {
            Description = "Whose sizes it has.",
            DefaultValueFactory = _ => ModelShape.Llama32_1B.Name,
        };
        shape.AcceptOnlyFromAmong([.. ModelShape.All.Select(known => known.Name)]);
        var type = new Option<string>("--type")
        {
            Description = "How its matrices are stored.",
            DefaultValueFactory = _ => Name(GgmlType.Q8_0),
        };
        type.AcceptOnlyFromAmong([.. Types.Select(Name)]);
        var seed = new Option<ulong>("--seed")
        {
            Description = "The same seed gives the same file.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
            CustomParser = CommonOptions.ParseNumber<ulong>,
        };
        var verb = new Verb("make-model", "Writes a model of random weights in a real shape, for measuring speed.")
        {
            Examples =
            [
                "swarm make-model --shape llama-3.2-1b --type q4_0 --seed 1 random.gguf",
                "swarm make-model --shape tiny --type f32 tiny.gguf",
            ],
        };
        verb.Arguments.Add(output);

        foreach (Option option in (Option[])[shape, type, seed])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(output);
            ModelShape sizes = ModelShape.All.Single(known => known.Name == parsed.GetRequiredValue(shape));
            GgmlType stored = Types.Single(known => Name(known) == parsed.GetRequiredValue(type));
            Check(path);
            long bytes = Write(terminal, path, sizes, stored, parsed.GetValue(seed));
            terminal.Error.Profile.Out.Writer.WriteLine(
                $"{path}: {sizes.Name}, {Name(stored)}, {ByteSize.Format(bytes)}");
            return ExitCode.Ok;
        });

        return verb;
    }

    private static void Check(string path)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));

        if (Directory.Exists(path) || !Directory.Exists(folder))
        {
            throw CommandException.Usage($"'{path}' cannot be written: give a file in a directory that exists.");
        }
    }

    private static long Write(Terminal terminal, string path, ModelShape shape, GgmlType type, ulong seed)
    {
        using var interrupts = new Interrupts();

        if (!terminal.IsErrorInteractive)
        {
            return ModelMaker.Write(path, shape, type, seed, new Bar(null, interrupts.First));
        }

        return terminal.Error.Progress().AutoClear(true).Start(context =>
        {
            ProgressTask bar = context.AddTask($"writing {path}", maxValue: 1);
            return ModelMaker.Write(path, shape, type, seed, new Bar(bar, interrupts.First));
        });
    }

    private static string Name(GgmlType type) => type.ToString().ToLowerInvariant();

    private sealed class Bar(ProgressTask? task, CancellationToken stop) : IProgress<double>
    {
        public void Report(double value)
        {
            stop.ThrowIfCancellationRequested();
            _ = task?.Value = value;
        }
    }
}
