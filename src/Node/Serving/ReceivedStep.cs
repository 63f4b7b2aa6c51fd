namespace Swarm.Node.Serving;

/// <summary>A step that passed every check of <see cref="StepReader"/>.</summary>
/// <param name="Position">Of the first token.</param>
/// <param name="Tokens">The ids, all within the vocabulary.</param>
/// <param name="Target">The last stage that computes.</param>
/// <param name="Sample">The head draws the next token.</param>
/// <param name="Rows">The hidden states, all finite; room for them towards stage 0.</param>
internal sealed record ReceivedStep(int Position, int[] Tokens, int Target, bool Sample, float[] Rows)
{
    /// <summary>The first position after the step.</summary>
    public int End => Position + Tokens.Length;
}
