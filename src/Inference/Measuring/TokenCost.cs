using Swarm.Inference.Model;

namespace Swarm.Inference.Measuring;

/// <summary>What one token costs, by the sizes of a model's matrices; attention comes on top.</summary>
/// <param name="BytesRead">Bytes of weights that one session reads for a token, as the file stores them.</param>
/// <param name="BlockOperations">Multiplications and additions of the blocks' matrices.</param>
/// <param name="HeadOperations">Those of the output matrix, which a prompt needs for its last token only.</param>
public sealed record TokenCost(long BytesRead, long BlockOperations, long HeadOperations)
{
    /// <summary>Adds up a model's tensors.</summary>
    public static TokenCost Of(ModelFile model)
    {
        const string Embedding = "token_embd.weight";
        string head = model.Config.TiedOutput ? Embedding : "output.weight";
        double read = 0;
        double blocks = 0;
        long output = 0;

        foreach (GgufTensor tensor in model.Tensors)
        {
            // Of experts only those that were chosen count; of tables only one row.
            bool inBlock = tensor.Name.StartsWith("blk.", StringComparison.Ordinal);
            bool table = !inBlock && tensor.Dimensions.Count > 1 && tensor.Name != head;
            double share = table ? 1.0 / tensor.Rows : tensor.Dimensions.Count > 2 ? ExpertShare(model, tensor) : 1;
            read += tensor.Bytes * share;

            if (inBlock && tensor.Dimensions.Count > 1)
            {
                blocks += 2 * tensor.Elements * share;
            }

            output += tensor.Name == head ? 2 * tensor.Elements : 0;
        }

        return new TokenCost((long)read, (long)blocks, output);
    }

    private static double ExpertShare(ModelFile model, GgufTensor tensor)
    {
        string prefix = $"{model.Config.Architecture}.";
        double used = model.Metadata.Whole(prefix + "expert_used_count") ?? 1;
        bool chosen = tensor.Name.Contains("_exps", StringComparison.Ordinal) && tensor.Dimensions[2] > 0;
        return chosen ? Math.Min(1, used / tensor.Dimensions[2]) : 1;
    }
}
