using System.Globalization;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary>What the parts of a model take: each block alone, and what comes with the first and the last.</summary>
/// <param name="Blocks">Bytes of each block's own tensors.</param>
/// <param name="Embedding">Bytes the holder of block 0 needs besides.</param>
/// <param name="Head">Bytes the holder of the last block needs besides.</param>
/// <param name="Total">Bytes of all tensors, each once.</param>
internal sealed record ModelSizes(IReadOnlyList<long> Blocks, long Embedding, long Head, long Total)
{
    public static ModelSizes Of(ModelFile model)
    {
        int count = model.Config.BlockCount;
        long[] blocks = new long[count];

        for (int block = 0; block < count; block++)
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"blk.{block}.");
            blocks[block] = model.SpanTensors(new BlockRange(block, block + 1))
                .Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Sum(tensor => tensor.Bytes);
        }

        long first = model.SpanBytes(new BlockRange(0, 1));
        long last = model.SpanBytes(new BlockRange(count - 1, count));
        return new ModelSizes(blocks, first - blocks[0], last - blocks[^1], model.Tensors.Sum(tensor => tensor.Bytes));
    }
}
