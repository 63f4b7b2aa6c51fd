namespace Swarm.Inference.Chat.Jinja;

/// <summary>What is done, and the line it stands in.</summary>
internal abstract record Statement(int Line)
{
    public sealed record Text(int Line, TextValue Value) : Statement(Line);

    public sealed record Output(int Line, Expression Value) : Statement(Line);

    public sealed record If(
        int Line,
        IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches,
        IReadOnlyList<Statement> Else) : Statement(Line);

    public sealed record For(
        int Line,
        Expression Target,
        Expression Items,
        Expression? Condition,
        bool IsRecursive,
        IReadOnlyList<Statement> Body,
        IReadOnlyList<Statement> Else) : Statement(Line);

    public sealed record Set(int Line, Expression Target, Expression Value) : Statement(Line);

    /// <summary>Sets a name to what a block writes, once a filter has seen it.</summary>
    public sealed record SetBlock(
        int Line, Expression Target, Expression.Filter? Filter, IReadOnlyList<Statement> Body) : Statement(Line);

    public sealed record MacroDefinition(int Line, Macro Macro) : Statement(Line);

    public sealed record CallBlock(int Line, Expression.Call Call, Macro Caller) : Statement(Line);

    public sealed record FilterBlock(int Line, Expression.Filter Filter, IReadOnlyList<Statement> Body)
        : Statement(Line);

    /// <summary>A body whose names are its own: <c>with</c> and <c>generation</c>.</summary>
    public sealed record Scoped(
        int Line,
        IReadOnlyList<(Expression Target, Expression Value)> Names,
        IReadOnlyList<Statement> Body) : Statement(Line);

    public sealed record Break(int Line) : Statement(Line);

    public sealed record Continue(int Line) : Statement(Line);
}
