using System.Runtime.InteropServices;
using System.Text.Json;
using Swarm.Inference.Kernels;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Forward;

/// <summary>One model of the kit with what another engine computed, found by its own description.</summary>
internal sealed class Reference : IDisposable
{
    // These are to be computed whole: a refusal of one is a failure, not a reason to leave it unrun.
    private static readonly string[] NeverRefused =
    [
        "llama", "gpt2", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3", "gpt-oss", "granite", "smollm3",
        "mistral3",
    ];

    private readonly string _folder;

    private Reference(string folder, JsonElement facts, ModelFile file)
    {
        _folder = folder;
        Facts = facts;
        File = file;
    }

    /// <summary>The description beside the model.</summary>
    public JsonElement Facts { get; }

    /// <summary>The model.</summary>
    public ModelFile File { get; }

    /// <summary>Whether the products of any matrix round the activations to bytes.</summary>
    public bool IsQuantized => File.Tensors
        .Any(tensor => tensor.Dimensions.Count > 1 && WeightFormat.Of(tensor.Type).UnitLength != 0);

    /// <summary>Whether the reference also computed the model with all its weights decoded to floats.</summary>
    public static bool HasDecodedLogits(string path) => Parse(path).TryGetProperty("dequant_logits_file", out _);

    /// <summary>The longest session of the other engine, which is part of what it computed.</summary>
    public int ContextLength => Facts.GetProperty("settings").GetProperty("n_ctx").GetInt32();

    /// <summary>The models described in a folder's files.</summary>
    public static IEnumerable<string> In(string folder)
        => Testing.Kit.Files(folder, "*.json").Where(path => Parse(path).TryGetProperty("model_file", out _));

    /// <summary>Opens a model with all its weights decoded to floats; null when it is not computed yet.</summary>
    public static Reference? OpenDecoded(string path, out string reason)
    {
        using var stored = Open(path, out reason);

        if (stored is null)
        {
            return null;
        }

        string copy = Path.Combine(Path.GetTempPath(), $"swarm-decoded-{Guid.NewGuid():N}.gguf");

        try
        {
            using var source = GgufFile.Open(Path.Combine(
                stored._folder, stored.Facts.GetProperty("model_file").GetString()!));
            using var pool = new ComputePool(2);
            new ModelQuantizer(source, WeightPlan.Every(GgmlType.F32)).Write(copy, pool);
            return new Reference(stored._folder, stored.Facts, ModelFile.Open(copy));
        }
        finally
        {
            // An open file can be read on after its name is gone; Windows keeps the name until it is closed.
            if (!OperatingSystem.IsWindows())
            {
                System.IO.File.Delete(copy);
            }
        }
    }

    /// <summary>Opens a model; null with the reason when this program does not compute it yet.</summary>
    public static Reference? Open(string path, out string reason)
    {
        string folder = Path.GetDirectoryName(path)!;
        JsonElement facts = Parse(path);
        string file = Path.Combine(folder, facts.GetProperty("model_file").GetString()!);

        try
        {
            reason = "";
            return new Reference(folder, facts, ModelFile.Open(file));
        }
        catch (UnsupportedModelException refusal) when (!NeverRefused.Contains(ArchitectureOf(file)))
        {
            reason = refusal.Message;
            return null;
        }
    }

    /// <summary>A list of whole numbers of the description.</summary>
    public static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>A list of numbers of the description.</summary>
    public static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetDouble())];

    /// <summary>The logits of the first of these files that the description names.</summary>
    public float[] Logits(JsonElement facts, params string[] keys)
    {
        string key = keys.First(key => facts.TryGetProperty(key, out _));
        byte[] bytes = System.IO.File.ReadAllBytes(Path.Combine(_folder, facts.GetProperty(key).GetString()!));
        return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }

    public void Dispose() => File.Dispose();

    private static string? ArchitectureOf(string path)
    {
        using var file = GgufFile.Open(path);
        return file.Metadata.Text("general.architecture");
    }

    private static JsonElement Parse(string path)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
