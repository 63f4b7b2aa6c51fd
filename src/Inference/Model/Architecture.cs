using Swarm.Inference.Model.Blueprints;

namespace Swarm.Inference.Model;

/// <summary>
/// One family of models: how its numbers are read into a <see cref="ModelConfig"/>. Its tensors follow from that
/// (<see cref="ModelTensors"/>), and so does the forward pass. A new architecture is one more entry of
/// <see cref="All"/>.
/// </summary>
internal sealed record Architecture(string Name, Func<HyperParameters, ModelConfig> Read)
{
    /// <summary>Every architecture this program computes.</summary>
    public static IReadOnlyList<Architecture> All { get; } =
    [
        new("llama", LlamaBlueprint.Read),
        new("gpt2", Gpt2Blueprint.Read),
        new("qwen2", QwenBlueprint.Read2),
        new("qwen3", QwenBlueprint.Read3),
        new("qwen3moe", QwenBlueprint.Read3WithExperts),
        new("gemma2", GemmaBlueprint.Read2),
        new("gemma3", GemmaBlueprint.Read3),
        new("phi3", Phi3Blueprint.Read),
        new("gpt-oss", GptOssBlueprint.Read),
        new("granite", GraniteBlueprint.Read),
        new("smollm3", LlamaBlueprint.ReadSmol3),
        new("mistral3", LlamaBlueprint.ReadMistral3),
        new("gemma4", Gemma4Blueprint.Read),
        new("lfm2", Lfm2Blueprint.Read),
        new("qwen35", Qwen35Blueprint.Read),
        new("deepseek2", DeepSeekBlueprint.Read),
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
