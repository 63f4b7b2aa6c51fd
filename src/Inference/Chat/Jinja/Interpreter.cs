namespace Swarm.Inference.Chat.Jinja;

/// <summary>Does what a template says: its statements.</summary>
internal sealed partial class Interpreter(Run run)
{
    private TextBuilder _output = new(run);

    // Why a body is left early.
    private enum Flow
    {
        Normal,
        Break,
        Continue,
    }

    /// <summary>Renders a template over these names.</summary>
    public TextValue Render(IReadOnlyList<Statement> template, Scope names)
    {
        _ = Execute(template, names);
        return _output.Take();
    }

    /// <summary>What a body writes, as a text.</summary>
    public TextValue Capture(IReadOnlyList<Statement> body, Scope scope)
    {
        TextBuilder outside = _output;
        _output = new TextBuilder(run);
        _ = Execute(body, scope);
        TextValue written = _output.Take();
        _output = outside;
        return written;
    }

    private Flow Execute(IReadOnlyList<Statement> body, Scope scope)
    {
        run.Enter();
        Flow flow = Flow.Normal;

        for (int i = 0; i < body.Count && flow == Flow.Normal; i++)
        {
            run.Line = body[i].Line;
            flow = Execute(body[i], scope);
        }

        run.Leave();
        return flow;
    }

    private Flow Execute(Statement statement, Scope scope)
    {
        switch (statement)
        {
            case Statement.Text text:
                Write(text.Value);
                return Flow.Normal;
            case Statement.Output output:
                Write(Evaluate(output.Value, scope));
                return Flow.Normal;
            case Statement.If choice:
                return Choose(choice, scope);
            case Statement.For loop:
                Loop(loop, scope, Evaluate(loop.Items, scope), 0);
                return Flow.Normal;
            case Statement.Set set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                return Flow.Normal;
            case Statement.SetBlock set:
                TextValue written = Capture(set.Body, new Scope(scope));
                Assign(set.Target, set.Filter is null ? written : Filter(set.Filter, written, scope), scope);
                return Flow.Normal;
            case Statement.MacroDefinition definition:
                scope.Set(definition.Macro.Name, new MacroValue(definition.Macro, scope, this));
                return Flow.Normal;
            case Statement.CallBlock call:
                var caller = new MacroValue(call.Caller, scope, this);
                Write(Call(call.Call, scope, caller));
                return Flow.Normal;
            case Statement.FilterBlock filter:
                Write(Filter(filter.Filter, Capture(filter.Body, new Scope(scope)), scope));
                return Flow.Normal;
            case Statement.Scoped scoped:
                return Within(scoped, scope);
            default:
                return statement is Statement.Break ? Flow.Break : Flow.Continue;
        }
    }

    private void Write(Value value)
    {
        Printer.Write(run, _output, value);

        if (_output.Length > JinjaLimits.OutputCharactersMax)
        {
            throw run.Fail($"the result has more than {JinjaLimits.OutputCharactersMax:N0} characters.");
        }
    }

    private Flow Choose(Statement.If choice, Scope scope)
    {
        foreach ((Expression condition, IReadOnlyList<Statement> body) in choice.Branches)
        {
            if (Evaluate(condition, scope).IsTrue)
            {
                return Execute(body, scope);
            }
        }

        return Execute(choice.Else, scope);
    }

    private void Loop(Statement.For loop, Scope scope, Value over, int depth)
    {
        List<Value> items = Sequences.Items(run, over);

        if (loop.Condition is not null)
        {
            items = items.FindAll(item =>
            {
                var test = new Scope(scope);
                Assign(loop.Target, item, test);
                return Evaluate(loop.Condition, test).IsTrue;
            });
        }

        Func<Value, Value>? recurse = loop.IsRecursive ? inner => Again(loop, scope, inner, depth + 1) : null;
        var about = new LoopValue(items, depth, recurse);

        for (int i = 0; i < items.Count; i++)
        {
            var body = new Scope(scope);
            about.Index = i;
            body.Set("loop", about);
            Assign(loop.Target, items[i], body);

            if (Execute(loop.Body, body) == Flow.Break)
            {
                break;
            }
        }

        if (items.Count == 0)
        {
            _ = Execute(loop.Else, new Scope(scope));
        }
    }

    private TextValue Again(Statement.For loop, Scope scope, Value over, int depth)
    {
        TextBuilder outside = _output;
        _output = new TextBuilder(run);
        run.Enter();
        Loop(loop, scope, over, depth);
        run.Leave();
        TextValue written = _output.Take();
        _output = outside;
        return written;
    }

    private Flow Within(Statement.Scoped scoped, Scope scope)
    {
        var inner = new Scope(scope);

        foreach ((Expression target, Expression value) in scoped.Names)
        {
            Assign(target, Evaluate(value, scope), inner);
        }

        return Execute(scoped.Body, inner);
    }

    private void Assign(Expression target, Value value, Scope scope)
    {
        switch (target)
        {
            case Expression.Name name:
                scope.Set(name.Id, value);
                break;
            case Expression.Attribute attribute:
                NamespaceValue space = Evaluate(attribute.Target, scope) as NamespaceValue
                    ?? throw run.Fail("only attributes of a namespace can be set.");
                space.Attributes[attribute.Id] = value;
                break;
            case Expression.Sequence several:
                List<Value> parts = Sequences.Items(run, value);

                if (parts.Count != several.Items.Count)
                {
                    throw run.Fail($"{parts.Count} values are given to {several.Items.Count} names.");
                }

                for (int i = 0; i < parts.Count; i++)
                {
                    Assign(several.Items[i], parts[i], scope);
                }

                break;
        }
    }
}
