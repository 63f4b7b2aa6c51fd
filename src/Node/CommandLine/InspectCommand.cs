using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm inspect</c>: what a model file holds, and what a node needs for each of its blocks.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("file")
        {
            Description = $"A GGUF file, the first part of a split one, or '{ModelPath.BuiltIn}'.",
        };
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb("inspect", "Shows a model file: architecture, sizes, types, tokenizer, bytes of each "
            + "block.")
        {
            Examples = ["swarm inspect llama.gguf", "swarm inspect --json fable"],
        };
        verb.Arguments.Add(file);
        verb.Options.Add(json);
        verb.SetAction(parsed =>
        {
            string path = ModelPath.FindFile(parsed.GetRequiredValue(file));
            using var model = ModelFile.Open(path);

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(InspectJson.Write(path, model));
            }
            else
            {
                Show(terminal.Out, path, model);
            }

            return ExitCode.Ok;
        });

        return verb;
    }

    private static void Show(IAnsiConsole console, string path, ModelFile model)
    {
        ModelConfig config = model.Config;
        LayerSpec layer = config.Layers[0];
        var sizes = ModelSizes.Of(model);
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();

        foreach ((string name, string value) in (List<(string, string)>)
        [
            ("file", $"{path} ({ByteSize.Format(sizes.Total)} of weights)"),
            ("model", config.Name),
            ("architecture", config.Architecture),
            ("blocks", Text($"{config.BlockCount}")),
            ("width", Text($"{config.Width}, feed-forward {layer.FeedForwardSize}")),
            ("heads", Text($"{layer.HeadCount}, {layer.KvHeadCount} with keys and values, {layer.KeySize} wide")),
            ("vocabulary", Text($"{config.VocabularySize} tokens, {TokenizerName(model)}")),
            ("context", Text($"{config.ContextLength} positions")),
            ("parameters", Text($"{model.Tensors.Sum(tensor => tensor.Elements):N0}")),
            ("types", Types(model)),
        ])
        {
            _ = grid.AddRow(new Markup($"[bold]{name}[/]"), new Text(value));
        }

        console.Write(grid);
        console.WriteLine();
        console.Write(BlockTable(sizes));
    }

    private static Table BlockTable(ModelSizes sizes)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("part")
            .AddColumn(new TableColumn("bytes").RightAligned())
            .AddColumn(new TableColumn("").RightAligned());
        Add(table, "embedding (with block 0)", sizes.Embedding);
        int first = 0;

        // Blocks of one size share a row.
        while (first < sizes.Blocks.Count)
        {
            int last = first + 1;

            while (last < sizes.Blocks.Count && sizes.Blocks[last] == sizes.Blocks[first])
            {
                last++;
            }

            string part = last == first + 1 ? Text($"block {first}") : Text($"blocks {first} to {last - 1}, each");
            Add(table, part, sizes.Blocks[first]);
            first = last;
        }

        Add(table, Text($"head (with block {sizes.Blocks.Count - 1})"), sizes.Head);
        Add(table, "all, each tensor once", sizes.Total);
        return table;
    }

    private static void Add(Table table, string part, long bytes)
        => table.AddRow(part, Text($"{bytes:N0}"), ByteSize.Format(bytes));

    private static string Types(ModelFile model)
        => string.Join(", ", model.Tensors
            .GroupBy(tensor => tensor.Type)
            .OrderByDescending(group => group.Sum(tensor => tensor.Bytes))
            .Select(group => (group.Key, Count: group.Count(), Bytes: group.Sum(tensor => tensor.Bytes)))
            .Select(type => Text($"{type.Key} ({type.Count} tensors, {ByteSize.Format(type.Bytes)})")));

    internal static string TokenizerName(ModelFile model)
        => model.Metadata.Text("tokenizer.ggml.model") ?? "no tokenizer";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
