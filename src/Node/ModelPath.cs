
namespace Swarm.Node;

/// <summary>What <c>--model</c> names: a built-in model, a file, or a model somewhere in the swarm.</summary>
internal static class ModelPath
{
    /// <summary>The model that comes with the program.</summary>
    public const string BuiltIn = "fable";

    /// <summary>The file a model argument means, or null when it is a name that only a swarm can resolve.</summary>
    /// <exception cref="CommandException">It is a path, and there is nothing usable at its end.</exception>
    public static string? Find(string model)
    {
        if (model == BuiltIn)
        {
            string path = Path.Combine(AppContext.BaseDirectory, "Models", $"{BuiltIn}.gguf");
            return File.Exists(path)
                ? path
                : throw CommandException.Failed($"the built-in model '{BuiltIn}' is missing beside the program: "
                    + "install it again.");
        }

        if (Directory.Exists(model))
        {
            throw CommandException.Usage($"'{model}' is a directory: name the GGUF file in it.");
        }

        if (File.Exists(model))
        {
            return new FileInfo(model).Length > 0
                ? model
                : throw CommandException.Usage($"'{model}' is an empty file: copy or download it again.");
        }

        bool isPath = model.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            || model.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || model.Contains('/', StringComparison.Ordinal);

        return isPath
            ? throw CommandException.Usage($"there is no file '{model}': check the path.")
            : null;
    }

    /// <summary>The same, for verbs that need the file itself.</summary>
    /// <exception cref="CommandException">There is no such file.</exception>
    public static string FindFile(string model)
        => Find(model) ?? throw CommandException.Usage(
            $"there is no file '{model}': give the path of a GGUF file, or '{BuiltIn}' for the built-in model.");
}
