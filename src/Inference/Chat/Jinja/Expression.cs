namespace Swarm.Inference.Chat.Jinja;

/// <summary>What has a value, and the line it stands in.</summary>
internal abstract record Expression(int Line)
{
    public sealed record Literal(int Line, Value Value) : Expression(Line);

    public sealed record Name(int Line, string Id) : Expression(Line);

    public sealed record Attribute(int Line, Expression Target, string Id) : Expression(Line);

    public sealed record Item(int Line, Expression Target, Expression Key) : Expression(Line);

    public sealed record Slice(int Line, Expression Target, Expression? Start, Expression? Stop, Expression? Step)
        : Expression(Line);

    public sealed record Call(int Line, Expression Target, ArgumentList Arguments) : Expression(Line);

    /// <summary>A filter; without input it takes what its block writes.</summary>
    public sealed record Filter(int Line, Expression? Input, string Id, ArgumentList Arguments) : Expression(Line);

    public sealed record Test(int Line, Expression Input, string Id, ArgumentList Arguments) : Expression(Line);

    public sealed record Negate(int Line, Expression Operand) : Expression(Line);

    public sealed record Plus(int Line, Expression Operand) : Expression(Line);

    public sealed record Not(int Line, Expression Operand) : Expression(Line);

    public sealed record And(int Line, Expression Left, Expression Right) : Expression(Line);

    public sealed record Or(int Line, Expression Left, Expression Right) : Expression(Line);

    public sealed record Binary(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

    public sealed record Concat(int Line, IReadOnlyList<Expression> Parts) : Expression(Line);

    public sealed record Comparison(
        int Line, Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest) : Expression(Line);

    public sealed record Conditional(int Line, Expression Condition, Expression Then, Expression? Else)
        : Expression(Line);

    public sealed record Sequence(int Line, IReadOnlyList<Expression> Items, bool IsTuple) : Expression(Line);

    public sealed record Dict(int Line, IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression(Line);
}
