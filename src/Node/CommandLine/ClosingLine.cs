using System.Globalization;
using Swarm.Node.Routing;

namespace Swarm.Node.CommandLine;

/// <summary>What a generation took, in the one line that ends it.</summary>
internal sealed record ClosingLine
{
    /// <summary>What <see cref="Finish"/> says after Ctrl-C.</summary>
    public const string Interrupted = "interrupted";

    public required int PromptTokens { get; init; }

    public required double PromptTokensPerSecond { get; init; }

    public required int Tokens { get; init; }

    public required double TokensPerSecond { get; init; }

    public required TimeSpan FirstToken { get; init; }

    /// <summary>Null when one process did it all.</summary>
    public required Route? Route { get; init; }

    public IReadOnlyList<TimeSpan> Pauses { get; init; } = [];

    /// <summary>Why it ended: <c>stop</c>, <c>length</c>.</summary>
    public required string Finish { get; init; }

    public required ulong Seed { get; init; }

    public override string ToString()
    {
        string route = Route is null
            ? "this process"
            : string.Join(" → ", Route.Stages.Select(stage
                => $"{Membership.OfferRules.Printable(stage.Label)} {stage.Blocks}"));
        string repairs = Pauses.Count == 0
            ? ""
            : Text($" | {Pauses.Count} repair{(Pauses.Count == 1 ? "" : "s")}")
                + Text($", longest pause {Pauses.Max().TotalMilliseconds:0} ms");

        return Text(
            $"[prompt {PromptTokens} tok {PromptTokensPerSecond:0.#} tok/s")
            + Text($" | gen {Tokens} tok {TokensPerSecond:0.#} tok/s")
            + Text($" | first token {FirstToken.TotalMilliseconds:0} ms | route {route}{repairs}")
            + Text($" | {Finish} | seed {Seed}]");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
