using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Makes the operands of expressions of words, and what stands behind them.</summary>
internal sealed partial class Parser
{
    private Expression ParseUnary(bool allowFilter)
    {
        int line = Current.Line;
        Expression value;

        if (IsOperator("-") || IsOperator("+"))
        {
            bool negates = Next().Text == "-";
            Deeper();
            Expression operand = ParseUnary(allowFilter: false);
            _depth--;
            value = negates ? new Expression.Negate(line, operand) : new Expression.Plus(line, operand);
        }
        else
        {
            value = ParsePrimary();
        }

        value = ParsePostfix(value);
        return allowFilter ? ParseFiltersAndTests(value) : value;
    }

    private Expression ParsePrimary()
    {
        Token token = Current;

        switch (token.Type)
        {
            case TokenType.Name:
                _ = Next();
                _ = _names.Add(token.Text);
                return Constant(token.Text) is { } constant
                    ? new Expression.Literal(token.Line, constant)
                    : new Expression.Name(token.Line, token.Text);
            case TokenType.String:
                return new Expression.Literal(token.Line, TextValue.Template(ParseStrings()));
            case TokenType.Integer or TokenType.Float:
                _ = Next();
                return new Expression.Literal(token.Line, Number(token));
            case TokenType.Operator when token.Text is "(" or "[" or "{":
                Deeper();
                Expression inner = ParseBracket(Next());
                _depth--;
                return inner;
            default:
                throw Unexpected("a value");
        }
    }

    private string ParseStrings()
    {
        var text = new StringBuilder();

        while (Current.Type == TokenType.String)
        {
            _ = text.Append(Next().Text);
        }

        return text.ToString();
    }

    private Expression ParseBracket(Token open)
    {
        switch (open.Text)
        {
            case "(" when SkipOperator(")"):
                return new Expression.Sequence(open.Line, [], IsTuple: true);
            case "(":
                Expression inner = ParseTuple(allowConditional: true);
                ExpectOperator(")");
                return inner;
            case "[":
                var items = new List<Expression>();

                while (!SkipOperator("]"))
                {
                    Separate(items.Count);

                    if (!IsOperator("]"))
                    {
                        items.Add(ParseExpression());
                    }
                }

                return new Expression.Sequence(open.Line, items, IsTuple: false);
            default:
                return ParseDict(open.Line);
        }
    }

    private Expression.Dict ParseDict(int line)
    {
        var items = new List<(Expression Key, Expression Value)>();

        while (!SkipOperator("}"))
        {
            Separate(items.Count);

            if (!IsOperator("}"))
            {
                Expression key = ParseExpression();
                ExpectOperator(":");
                items.Add((key, ParseExpression()));
            }
        }

        return new Expression.Dict(line, items);
    }

    private void Separate(int count)
    {
        if (count > 0)
        {
            ExpectOperator(",");
        }
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            int line = Current.Line;

            if (SkipOperator("."))
            {
                Token name = Current.Type == TokenType.Integer ? Next() : Expect(TokenType.Name, "an attribute");
                value = name.Type == TokenType.Integer
                    ? new Expression.Item(line, value, new Expression.Literal(line, Number(name)))
                    : new Expression.Attribute(line, value, name.Text);
            }
            else if (SkipOperator("["))
            {
                Deeper();
                value = ParseSubscript(line, value);
                _depth--;
            }
            else if (IsOperator("("))
            {
                value = new Expression.Call(line, value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseSubscript(int line, Expression target)
    {
        Expression? start = IsOperator(":") ? null : ParseExpression();

        if (start is not null && IsOperator(","))
        {
            List<Expression> keys = [start];

            while (SkipOperator(","))
            {
                keys.Add(ParseExpression());
            }

            start = new Expression.Sequence(line, keys, IsTuple: true);
        }

        if (start is not null && SkipOperator("]"))
        {
            return new Expression.Item(line, target, start);
        }

        ExpectOperator(":");
        Expression? stop = IsOperator(":") || IsOperator("]") ? null : ParseExpression();
        Expression? step = SkipOperator(":") && !IsOperator("]") ? ParseExpression() : null;
        ExpectOperator("]");
        return new Expression.Slice(line, target, start, stop, step);
    }

    private ArgumentList ParseArguments()
    {
        Deeper();
        ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        Expression? star = null;
        Expression? starStar = null;

        for (int count = 0; !SkipOperator(")"); count++)
        {
            Separate(count);

            if (count > 0 && SkipOperator(")"))
            {
                break;
            }

            if (star is null && starStar is null && SkipOperator("*"))
            {
                star = ParseExpression();
            }
            else if (starStar is null && SkipOperator("**"))
            {
                starStar = ParseExpression();
            }
            else if (starStar is null && _tokens[_at + 1] is { Type: TokenType.Operator, Text: "=" })
            {
                string name = Expect(TokenType.Name, "an argument's name").Text;
                _ = Next();
                named.Add((name, ParseExpression()));
            }
            else if (star is null && starStar is null && named.Count == 0)
            {
                positional.Add(ParseExpression());
            }
            else
            {
                throw new TemplateException(Current.Line, "an argument without a name stands behind one with a name.");
            }
        }

        _depth--;
        return new ArgumentList(positional, named, star, starStar);
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            int line = Current.Line;

            if (IsOperator("|"))
            {
                value = ParseFilters(value, isInline: false);
            }
            else if (SkipName("is"))
            {
                value = ParseTest(line, value);
            }
            else if (IsOperator("("))
            {
                value = new Expression.Call(line, value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>Filters in a row; the first one's bar is already read when it is <paramref name="isInline"/>.</summary>
    private Expression.Filter ParseFilters(Expression? input, bool isInline)
    {
        do
        {
            if (!isInline)
            {
                ExpectOperator("|");
            }

            isInline = false;
            Token name = Expect(TokenType.Name, "a filter");
            string id = ParseDottedName(name.Text);
            input = new Expression.Filter(
                name.Line, input, id, IsOperator("(") ? ParseArguments() : ArgumentList.None);
        }
        while (IsOperator("|"));

        return (Expression.Filter)input;
    }

    private Expression ParseTest(int line, Expression input)
    {
        bool negates = SkipName("not");
        string id = ParseDottedName(Expect(TokenType.Name, "a test").Text);
        ArgumentList arguments = ArgumentList.None;

        if (IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (Current.Type is TokenType.Name or TokenType.String or TokenType.Integer or TokenType.Float
            ? Current is not { Type: TokenType.Name, Text: "else" or "or" or "and" or "if" or "is" }
            : IsOperator("[") || IsOperator("{"))
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        }

        Expression test = new Expression.Test(line, input, id, arguments);
        return negates ? new Expression.Not(line, test) : test;
    }

    private string ParseDottedName(string name)
    {
        List<string> parts = [name];

        while (SkipOperator("."))
        {
            parts.Add(Expect(TokenType.Name, "a name").Text);
        }

        return string.Join('.', parts);
    }

    private static Value? Constant(string name) => name switch
    {
        "true" or "True" => BoolValue.True,
        "false" or "False" => BoolValue.False,
        "none" or "None" => NoneValue.Instance,
        _ => null,
    };

    private static Value Number(Token token)
    {
        Value? number = token.Type == TokenType.Integer
            ? Numbers.ParseInteger(token.Text, 0) is { } whole ? new IntegerValue(whole) : null
            : Numbers.ParseFloat(token.Text) is { } real ? new FloatValue(real) : null;
        return number ?? throw new TemplateException(token.Line, $"'{token.Text}' is no number.");
    }
}
