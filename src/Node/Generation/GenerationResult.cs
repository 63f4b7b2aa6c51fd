using Swarm.Node.Routing;

namespace Swarm.Node.Generation;

/// <summary>A finished generation and what it took.</summary>
/// <param name="Tokens">The ids drawn, a stop id included.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Route">The route at the end.</param>
/// <param name="PromptTokens">The length of the prompt.</param>
/// <param name="FirstToken">From the request to the first token.</param>
/// <param name="Total">From the request to the last token.</param>
/// <param name="Pauses">How long each repair held up the stream.</param>
public sealed record GenerationResult(
    IReadOnlyList<int> Tokens,
    FinishReason Finish,
    Route Route,
    int PromptTokens,
    TimeSpan FirstToken,
    TimeSpan Total,
    IReadOnlyList<TimeSpan> Pauses)
{
    /// <summary>Tokens of the prompt per second until the first token, the search for a route included.</summary>
    public double PromptTokensPerSecond => FirstToken > TimeSpan.Zero ? PromptTokens / FirstToken.TotalSeconds : 0;

    /// <summary>Tokens drawn per second after the first.</summary>
    public double TokensPerSecond
        => Total > FirstToken ? (Tokens.Count - 1) / (Total - FirstToken).TotalSeconds : 0;
}
