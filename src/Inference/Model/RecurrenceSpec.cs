namespace Swarm.Inference.Model;

/// <summary>The sizes of a recurrent block, whose state stands for all positions before.</summary>
/// <param name="Taps">Positions a convolution sees, the newest included.</param>
/// <param name="KeyHeads">Heads of queries and keys; 0 for a convolution alone.</param>
/// <param name="ValueHeads">Heads of values, each with a matrix of its own.</param>
/// <param name="KeySize">Values of one query or key.</param>
/// <param name="ValueSize">Values of one value row.</param>
/// <param name="Channels">What the convolution runs over.</param>
public sealed record RecurrenceSpec(
    int Taps, int KeyHeads, int ValueHeads, int KeySize, int ValueSize, int Channels)
{
    /// <summary>Floats of the convolution's state: the inputs it still needs.</summary>
    public int TailLength => (Taps - 1) * Channels;

    /// <summary>Floats of one head's matrix.</summary>
    public int MatrixLength => KeySize * ValueSize;

    /// <summary>
    /// Floats made of one position before it is mixed: three rows, or what the heads need with their gates.
    /// </summary>
    public int MixedWidth
        => KeyHeads == 0 ? checked(3 * Channels) : checked(Channels + (ValueHeads * (ValueSize + 2)));

    /// <summary>Floats of the whole state.</summary>
    public int StateLength => TailLength + (ValueHeads * MatrixLength);
}
