namespace Swarm.Inference.Model;

/// <summary>
/// One design of block: how its numbers are read into a <see cref="ModelConfig"/>, and which tensors it needs.
/// A new architecture is one more entry of <see cref="All"/>.
/// </summary>
internal sealed record Architecture(
    string Name,
    Func<HyperParameters, ModelConfig> Read,
    Func<ModelConfig, IEnumerable<TensorSlot>> Slots)
{
    /// <summary>Every architecture this program computes.</summary>
    public static IReadOnlyList<Architecture> All { get; } =
    [
        new("llama", LlamaArchitecture.Read, LlamaArchitecture.Slots),
        new("gpt2", Gpt2Architecture.Read, Gpt2Architecture.Slots),
    ];

    /// <summary>The architecture of a file.</summary>
    /// <exception cref="UnsupportedModelException">This program does not compute it.</exception>
    public static Architecture Of(GgufMetadata metadata)
    {
        const string Key = "general.architecture";
        string name = metadata.Text(Key) ?? throw new GgufException(
            Key, "the file does not say what model it holds; convert the model again.");

        return All.FirstOrDefault(architecture => architecture.Name == name)
            ?? throw new UnsupportedModelException(
                Key,
                $"models of architecture '{name}' are not supported; supported are "
                + $"{string.Join(", ", All.Select(architecture => architecture.Name))}.");
    }
}
