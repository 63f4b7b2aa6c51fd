using Swarm.Inference.Model;

namespace Swarm.Inference.Making;

/// <summary>What the choice of storage types depends on, besides a tensor's own name and shape.</summary>
/// <param name="Blocks">How many blocks the model has.</param>
/// <param name="HeadsPerKv">How many heads share keys and values.</param>
/// <param name="Experts">Experts of each block; 0 when there are none.</param>
/// <param name="Tied">Whether the token embedding is the output matrix, too.</param>
public sealed record MixModel(int Blocks, int HeadsPerKv, int Experts, bool Tied)
{
    /// <summary>Reads it from a file.</summary>
    public static MixModel Of(GgufFile file)
    {
        string prefix = file.Metadata.Text("general.architecture") ?? "";
        int heads = Largest(file.Metadata, $"{prefix}.attention.head_count");
        int shared = Largest(file.Metadata, $"{prefix}.attention.head_count_kv");
        return new MixModel(
            Largest(file.Metadata, $"{prefix}.block_count"),
            shared == 0 ? 1 : heads / shared,
            Largest(file.Metadata, $"{prefix}.expert_count"),
            file.Find("output.weight") is null);
    }

    // A number for all blocks, or one for each of them.
    private static int Largest(GgufMetadata metadata, string key)
    {
        long largest = 0;

        if (metadata.Find(key) is { } value)
        {
            for (int i = 0; i < value.Count; i++)
            {
                largest = Math.Max(largest, value.Whole(i));
            }
        }

        return (int)Math.Min(largest, int.MaxValue);
    }
}
