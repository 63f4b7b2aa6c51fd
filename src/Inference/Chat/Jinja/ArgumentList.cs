namespace Swarm.Inference.Chat.Jinja;

/// <summary>The arguments of a call as the template writes them; a star stands for a list or a dict of them.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Star = null,
    Expression? StarStar = null)
{
    public static ArgumentList None { get; } = new([], []);
}
