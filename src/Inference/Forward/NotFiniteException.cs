namespace Swarm.Inference.Forward;

/// <summary>
/// A computation left the numbers: the same input does so on every machine, so the request is at fault and not a node.
/// </summary>
public sealed class NotFiniteException : ArithmeticException
{
    /// <summary>Reports where the first value was found that is not finite.</summary>
    /// <param name="block">The block, or the number of blocks for the head.</param>
    /// <param name="position">The position in the session, or -1 where it is not known.</param>
    public NotFiniteException(int block, int position)
        : base(position < 0
            ? $"the logits after block {block - 1} are not finite: this model cannot continue this text"
            : $"block {block} gave a value that is not finite at position {position}: "
                + "this model cannot continue this text")
    {
        Block = block;
        Position = position;
    }

    /// <summary>The block, or the number of blocks for the head.</summary>
    public int Block { get; }

    /// <summary>The position in the session, or -1 where it is not known.</summary>
    public int Position { get; }
}
