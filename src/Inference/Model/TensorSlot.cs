namespace Swarm.Inference.Model;

/// <summary>A tensor that an architecture computes with, and the shape it must have.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Dimensions">Its dimensions in the file, contiguous one first.</param>
/// <param name="Place">Who needs it.</param>
/// <param name="Block">Its block, when <paramref name="Place"/> is <see cref="TensorPlace.Block"/>.</param>
/// <param name="Optional">Whether a model may do without it.</param>
public sealed record TensorSlot(
    string Name, IReadOnlyList<long> Dimensions, TensorPlace Place, int Block = 0, bool Optional = false)
{
    /// <summary>Whether the holder of <paramref name="span"/> needs it.</summary>
    public bool IsNeededBy(BlockRange span, int blockCount) => Place switch
    {
        TensorPlace.Embedding => span.Contains(0),
        TensorPlace.Block => span.Contains(Block),
        TensorPlace.Head => span.Contains(blockCount - 1),
        _ => !span.IsEmpty,
    };

    /// <summary>How many of the tensor's bytes the holder of <paramref name="span"/> needs.</summary>
    public long BytesOf(GgufTensor tensor, BlockRange span, int blockCount)
        => Place == TensorPlace.Slices ? tensor.Bytes / blockCount * span.Count : tensor.Bytes;
}
