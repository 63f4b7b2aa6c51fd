namespace Swarm.Node.Generation;

/// <summary>One step the origin sends: positions <c>[Position, Position + Count)</c> up to a target stage.</summary>
/// <param name="Position">The first position.</param>
/// <param name="Count">How many positions.</param>
/// <param name="Target">The last stage that computes.</param>
/// <param name="Sample">The head draws the next token.</param>
public readonly record struct FeedStep(int Position, int Count, int Target, bool Sample);
