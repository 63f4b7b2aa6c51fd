using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Localhost.Tests;

/// <summary>A model for processes: eight blocks, big enough that a step takes a moment, with a long context.</summary>
internal static class TestModel
{
    private static readonly ModelShape Shape = ModelShape.Tiny with
    {
        Name = "local",
        Blocks = 8,
        Width = 256,
        Heads = 4,
        KvHeads = 2,
        FeedForward = 512,
        Context = 1024,
    };

    // Lies beside the tests: written once, read by many processes.
    private static readonly Lazy<string> Made = new(() =>
    {
        string path = System.IO.Path.Combine(AppContext.BaseDirectory, "local.gguf");
        return TinyModel.Write(path, Shape, GgmlType.Q8_0);
    });

    public static string Path => Made.Value;
}
