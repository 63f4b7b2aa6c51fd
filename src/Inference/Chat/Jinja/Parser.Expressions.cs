namespace Swarm.Inference.Chat.Jinja;

/// <summary>Makes expressions of words; each function is one level of precedence, the loosest first.</summary>
internal sealed partial class Parser
{
    private Expression ParseExpression()
    {
        Deeper();
        int line = Current.Line;
        Expression value = ParseOr();

        while (SkipName("if"))
        {
            Expression condition = ParseOr();
            Expression? otherwise = SkipName("else") ? ParseExpression() : null;
            value = new Expression.Conditional(line, condition, value, otherwise);
        }

        _depth--;
        return value;
    }

    /// <summary>One expression, or several with commas between them, which are a tuple.</summary>
    private Expression ParseTuple(bool allowConditional)
    {
        int line = Current.Line;
        Expression first = allowConditional ? ParseExpression() : ParseOr();

        if (!IsOperator(","))
        {
            return first;
        }

        List<Expression> items = [first];

        while (SkipOperator(",") && !EndsTuple())
        {
            items.Add(allowConditional ? ParseExpression() : ParseOr());
        }

        return new Expression.Sequence(line, items, IsTuple: true);
    }

    private bool EndsTuple()
        => Current.Type is TokenType.OutputEnd or TokenType.BlockEnd || IsOperator(")") || IsName("recursive");

    private Expression ParseOr()
    {
        Expression left = ParseAnd();

        while (SkipName("or"))
        {
            left = new Expression.Or(Current.Line, left, ParseAnd());
        }

        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();

        while (SkipName("and"))
        {
            left = new Expression.And(Current.Line, left, ParseNot());
        }

        return left;
    }

    private Expression ParseNot()
    {
        int line = Current.Line;

        if (!SkipName("not"))
        {
            return ParseComparison();
        }

        Deeper();
        var result = new Expression.Not(line, ParseNot());
        _depth--;
        return result;
    }

    private Expression ParseComparison()
    {
        int line = Current.Line;
        Expression first = ParseSum();
        var rest = new List<(string Operator, Expression Operand)>();

        while (true)
        {
            if (Current is { Type: TokenType.Operator, Text: "==" or "!=" or "<" or ">" or "<=" or ">=" })
            {
                rest.Add((Next().Text, ParseSum()));
            }
            else if (SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (IsName("not") && _tokens[_at + 1] is { Type: TokenType.Name, Text: "in" })
            {
                _at += 2;
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Expression.Comparison(line, first, rest);
            }
        }
    }

    private Expression ParseSum()
    {
        Expression left = ParseConcat();

        while (IsOperator("+") || IsOperator("-"))
        {
            Token sign = Next();
            left = new Expression.Binary(sign.Line, sign.Text, left, ParseConcat());
        }

        return left;
    }

    private Expression ParseConcat()
    {
        int line = Current.Line;
        Expression first = ParseProduct();

        if (!IsOperator("~"))
        {
            return first;
        }

        List<Expression> parts = [first];

        while (SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return new Expression.Concat(line, parts);
    }

    private Expression ParseProduct()
    {
        Expression left = ParsePower();

        while (IsOperator("*") || IsOperator("/") || IsOperator("//") || IsOperator("%"))
        {
            Token sign = Next();
            left = new Expression.Binary(sign.Line, sign.Text, left, ParsePower());
        }

        return left;
    }

    private Expression ParsePower()
    {
        Expression left = ParseUnary(allowFilter: true);

        while (IsOperator("**"))
        {
            Token sign = Next();
            left = new Expression.Binary(sign.Line, sign.Text, left, ParseUnary(allowFilter: true));
        }

        return left;
    }
}
