using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>One session's wish for the token that follows its last position.</summary>
/// <param name="row">The last position's hidden state after the last block.</param>
/// <param name="ids">All ids of the session so far.</param>
/// <param name="sampling">How to choose.</param>
public sealed class TokenDraw(ReadOnlyMemory<float> row, ReadOnlyMemory<int> ids, Sampling sampling)
{
    /// <summary>The last position's hidden state after the last block.</summary>
    public ReadOnlyMemory<float> Row => row;

    /// <summary>All ids of the session so far.</summary>
    public ReadOnlyMemory<int> Ids => ids;

    /// <summary>How to choose.</summary>
    public Sampling Sampling => sampling;

    /// <summary>The token that was drawn.</summary>
    public int Id { get; set; }

    /// <summary>Why none could be: the logits left the finite numbers. The others of a batch do not mind.</summary>
    public ArithmeticException? Fault { get; set; }
}
