using System.Collections.Concurrent;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Testing;

/// <summary>A seeded small model, written as a real model file: random weights, a vocabulary for every text.</summary>
public static class TinyModel
{
    private static readonly ConcurrentDictionary<(ModelShape, GgmlType, ulong), byte[]> Made = new();

    /// <summary>A llama of six blocks, or another shape, as the bytes of a file; made once per process.</summary>
    public static byte[] Bytes(ModelShape? shape = null, GgmlType type = GgmlType.F32, ulong seed = 1)
        => Made.GetOrAdd((shape ?? ModelShape.Tiny, type, seed), static key =>
        {
            using var stream = new MemoryStream();
            using var pool = new ComputePool(1);
            ModelMaker.Write(stream, key.Item1, WeightPlan.Every(key.Item2), key.Item3, pool);
            return stream.ToArray();
        });

    /// <summary>Writes the model to <paramref name="path"/>, or to a new temporary file.</summary>
    /// <returns>The path.</returns>
    public static string Write(
        string? path = null, ModelShape? shape = null, GgmlType type = GgmlType.F32, ulong seed = 1)
    {
        path ??= Path.Combine(Path.GetTempPath(), $"swarm-tiny-{Guid.NewGuid():N}.gguf");
        File.WriteAllBytes(path, Bytes(shape, type, seed));
        return path;
    }

    /// <summary>Opens the model; its file disappears with the process's temporary files.</summary>
    public static ModelFile Open(ModelShape? shape = null, GgmlType type = GgmlType.F32, ulong seed = 1)
    {
        string path = Write(null, shape, type, seed);

        try
        {
            return ModelFile.Open(path);
        }
        finally
        {
            // An open file can be read on after its name is gone; Windows keeps the name until it is closed.
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path);
            }
        }
    }
}
