namespace Swarm.Inference.Chat.Jinja;

/// <summary>Makes statements of words: the tags and what stands between them.</summary>
internal sealed partial class Parser
{
    private readonly List<Token> _tokens;
    private HashSet<string> _names = new(StringComparer.Ordinal);
    private int _at;
    private int _depth;
    private int _loops;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_at];

    /// <summary>The statements of a template.</summary>
    /// <exception cref="TemplateException">It is no template of the supported subset.</exception>
    public static IReadOnlyList<Statement> Parse(string source)
    {
        if (source.Length > JinjaLimits.TemplateCharactersMax)
        {
            throw new TemplateException(
                1, $"it has {source.Length:N0} characters; {JinjaLimits.TemplateCharactersMax:N0} are allowed.");
        }

        return new Parser(Lexer.Read(source)).ParseBody([]);
    }

    /// <summary>Statements up to a tag that begins with one of <paramref name="ends"/>, which is left.</summary>
    private List<Statement> ParseBody(string[] ends)
    {
        Deeper();
        int begin = _at > 0 ? _tokens[_at - 1].Line : 1;
        var body = new List<Statement>();

        while (Current.Type != TokenType.End)
        {
            Token token = Next();

            switch (token.Type)
            {
                case TokenType.Text:
                    body.Add(new Statement.Text(token.Line, TextValue.Template(token.Text)));
                    break;
                case TokenType.OutputBegin:
                    body.Add(new Statement.Output(token.Line, ParseTuple(allowConditional: true)));
                    Expect(TokenType.OutputEnd, "'}}'");
                    break;
                case TokenType.BlockBegin when Current.Type == TokenType.Name && ends.Contains(Current.Text):
                    _depth--;
                    return body;
                default:
                    body.Add(ParseStatement());
                    break;
            }
        }

        _depth--;
        return ends.Length == 0
            ? body
            : throw new TemplateException(begin, $"a block does not end; close it with '{{% {ends[^1]} %}}'.");
    }

    /// <summary>The body of a block, from the end of its tag through the tag that ends it.</summary>
    private List<Statement> ParseBlock(string end)
    {
        ExpectBlockEnd();
        List<Statement> body = ParseBody([end]);
        _ = Next();
        ExpectBlockEnd();
        return body;
    }

    private Statement ParseStatement()
    {
        Token token = Expect(TokenType.Name, "a statement");

        switch (token.Text)
        {
            case "if":
                return ParseIf(token.Line);
            case "for":
                return ParseFor(token.Line);
            case "set":
                return ParseSet(token.Line);
            case "macro":
                return ParseMacro(token.Line);
            case "call":
                return ParseCall(token.Line);
            case "filter":
                Expression.Filter filter = ParseFilters(null, isInline: true);
                return new Statement.FilterBlock(token.Line, filter, ParseBlock("endfilter"));
            case "generation":
                return new Statement.Scoped(token.Line, [], ParseBlock("endgeneration"));
            case "with":
                return ParseWith(token.Line);
            case "break" or "continue" when _loops > 0:
                ExpectBlockEnd();
                return token.Text == "break" ? new Statement.Break(token.Line) : new Statement.Continue(token.Line);
            case "break" or "continue":
                throw new TemplateException(token.Line, $"'{token.Text}' stands outside of every loop.");
            case "include" or "import" or "from" or "extends":
                throw new TemplateException(
                    token.Line, $"'{token.Text}' reads other files, which chat templates may not do.");
            default:
                throw new TemplateException(token.Line, $"the statement '{token.Text}' is not supported here.");
        }
    }

    private Statement.If ParseIf(int line)
    {
        var branches = new List<(Expression Condition, IReadOnlyList<Statement> Body)>();
        List<Statement> otherwise = [];
        string tag = "if";

        while (tag != "endif")
        {
            Expression? condition = tag == "else" ? null : ParseTuple(allowConditional: false);
            ExpectBlockEnd();
            List<Statement> body = ParseBody(condition is null ? ["endif"] : ["elif", "else", "endif"]);

            if (condition is null)
            {
                otherwise = body;
            }
            else
            {
                branches.Add((condition, body));
            }

            tag = Next().Text;
        }

        ExpectBlockEnd();
        return new Statement.If(line, branches, otherwise);
    }

    private Statement.For ParseFor(int line)
    {
        Expression target = ParseTarget();
        ExpectName("in");
        Expression items = ParseTuple(allowConditional: false);
        Expression? condition = SkipName("if") ? ParseExpression() : null;
        bool isRecursive = SkipName("recursive");
        ExpectBlockEnd();
        _loops++;
        List<Statement> body = ParseBody(["else", "endfor"]);
        _loops--;
        List<Statement> otherwise = [];

        if (Next().Text == "else")
        {
            ExpectBlockEnd();
            otherwise = ParseBody(["endfor"]);
            _ = Next();
        }

        ExpectBlockEnd();
        return new Statement.For(line, target, items, condition, isRecursive, body, otherwise);
    }

    private Statement ParseSet(int line)
    {
        Expression target = ParseTarget(allowAttribute: true);

        if (SkipOperator("="))
        {
            Expression value = ParseTuple(allowConditional: true);
            ExpectBlockEnd();
            return new Statement.Set(line, target, value);
        }

        Expression.Filter? filter = IsOperator("|") ? ParseFilters(null, isInline: false) : null;
        return new Statement.SetBlock(line, target, filter, ParseBlock("endset"));
    }

    private Statement.MacroDefinition ParseMacro(int line)
    {
        string name = Expect(TokenType.Name, "the macro's name").Text;
        return new Statement.MacroDefinition(line, ParseMacroBody(name, ParseParameters(), "endmacro"));
    }

    private Statement.CallBlock ParseCall(int line)
    {
        List<(string Name, Expression? Default)> parameters = IsOperator("(") ? ParseParameters() : [];

        return ParseExpression() is Expression.Call call
            ? new Statement.CallBlock(line, call, ParseMacroBody("caller", parameters, "endcall"))
            : throw new TemplateException(line, "'call' needs a call, like {% call name() %}.");
    }

    private Macro ParseMacroBody(string name, List<(string Name, Expression? Default)> parameters, string end)
    {
        HashSet<string> outside = _names;
        int loops = _loops;
        _loops = 0;
        _names = new HashSet<string>(StringComparer.Ordinal);
        List<Statement> body = ParseBlock(end);
        var macro = new Macro(
            name,
            parameters,
            body,
            _names.Contains("varargs"),
            _names.Contains("kwargs"),
            _names.Contains("caller"));
        _loops = loops;
        outside.UnionWith(_names);
        _names = outside;
        return macro;
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        ExpectOperator("(");

        while (!SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                ExpectOperator(",");
            }

            Token name = Expect(TokenType.Name, "a parameter");
            Expression? value = SkipOperator("=") ? ParseExpression() : null;

            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw new TemplateException(name.Line, $"parameter '{name.Text}' needs a default, as the one before.");
            }

            parameters.Add((name.Text, value));
        }

        return parameters;
    }

    private Statement.Scoped ParseWith(int line)
    {
        var names = new List<(Expression Target, Expression Value)>();

        while (Current.Type != TokenType.BlockEnd)
        {
            if (names.Count > 0)
            {
                ExpectOperator(",");
            }

            Expression target = ParseTarget();
            ExpectOperator("=");
            names.Add((target, ParseExpression()));
        }

        return new Statement.Scoped(line, names, ParseBlock("endwith"));
    }

    /// <summary>What is assigned to: a name, an attribute of one, or several in a tuple.</summary>
    private Expression ParseTarget(bool allowAttribute = false)
    {
        int line = Current.Line;
        var targets = new List<Expression>();
        bool isTuple = false;

        do
        {
            if (targets.Count > 0 && Current.Type != TokenType.Name && !IsOperator("("))
            {
                break;
            }

            targets.Add(ParseOneTarget(allowAttribute && targets.Count == 0));
            isTuple |= IsOperator(",");
        }
        while (SkipOperator(","));

        return isTuple ? new Expression.Sequence(line, targets, IsTuple: true) : targets[0];
    }

    private Expression ParseOneTarget(bool allowAttribute)
    {
        if (SkipOperator("("))
        {
            Deeper();
            Expression inner = ParseTarget();
            _depth--;
            ExpectOperator(")");
            return inner;
        }

        Token name = Expect(TokenType.Name, "a name to set");

        if (Constant(name.Text) is not null)
        {
            throw new TemplateException(name.Line, $"'{name.Text}' cannot be set.");
        }

        if (allowAttribute && SkipOperator("."))
        {
            Token attribute = Expect(TokenType.Name, "an attribute to set");
            return new Expression.Attribute(name.Line, new Expression.Name(name.Line, name.Text), attribute.Text);
        }

        return new Expression.Name(name.Line, name.Text);
    }

    private Token Next() => _tokens[_at].Type == TokenType.End ? _tokens[_at] : _tokens[_at++];

    private bool IsOperator(string text) => Current.Type == TokenType.Operator && Current.Text == text;

    private bool IsName(string text) => Current.Type == TokenType.Name && Current.Text == text;

    private bool SkipOperator(string text) => IsOperator(text) && Next().Type == TokenType.Operator;

    private bool SkipName(string text) => IsName(text) && Next().Type == TokenType.Name;

    private void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    private void ExpectName(string text)
    {
        if (!SkipName(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    private void ExpectBlockEnd() => Expect(TokenType.BlockEnd, "'%}'");

    private Token Expect(TokenType type, string what) => Current.Type == type ? Next() : throw Unexpected(what);

    private TemplateException Unexpected(string wanted)
    {
        string found = Current.Type switch
        {
            TokenType.End => "the template ends",
            TokenType.OutputEnd or TokenType.BlockEnd => "the tag ends",
            TokenType.Text or TokenType.OutputBegin or TokenType.BlockBegin => "a tag begins",
            _ => $"'{Current.Text}' stands",
        };
        return new TemplateException(Current.Line, $"{found} where {wanted} should be.");
    }

    private void Deeper()
    {
        if (++_depth > JinjaLimits.NestingMax)
        {
            throw new TemplateException(
                Current.Line, $"more than {JinjaLimits.NestingMax} blocks and brackets are within one another.");
        }
    }
}
