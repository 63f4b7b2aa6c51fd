using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Does what a template says: its expressions.</summary>
internal sealed partial class Interpreter
{
    /// <summary>The value of an expression.</summary>
    public Value Evaluate(Expression expression, Scope scope)
    {
        run.Enter();
        run.Line = expression.Line;

        Value value = expression switch
        {
            Expression.Literal literal => literal.Value,
            Expression.Name name => Look(name.Id, scope),
            Expression.Attribute attribute => Members.Attribute(run, Evaluate(attribute.Target, scope), attribute.Id),
            Expression.Item item => Members.Item(run, Evaluate(item.Target, scope), Evaluate(item.Key, scope)),
            Expression.Slice slice => Slice(slice, scope),
            Expression.Call call => Call(call, scope, null),
            Expression.Filter filter => Filter(filter, null, scope),
            Expression.Test test => BoolValue.Of(Checks.Holds(
                run, test.Id, Arguments(test.Arguments, scope).Before(Evaluate(test.Input, scope)))),
            Expression.Not not => BoolValue.Of(!Evaluate(not.Operand, scope).IsTrue),
            Expression.And and => Evaluate(and.Left, scope) is { IsTrue: false } no ? no : Evaluate(and.Right, scope),
            Expression.Or or => Evaluate(or.Left, scope) is { IsTrue: true } yes ? yes : Evaluate(or.Right, scope),
            Expression.Conditional choice => Choose(choice, scope),
            Expression.Comparison comparison => Compare(comparison, scope),
            Expression.Concat concat => Sequences.Concat(
                run, concat.Parts.Select(part => Printer.Text(run, Evaluate(part, scope)))),
            Expression.Binary binary => Operators.Apply(
                run, binary.Operator, Evaluate(binary.Left, scope), Evaluate(binary.Right, scope)),
            Expression.Negate negate => Operators.Sign(run, Evaluate(negate.Operand, scope), negates: true),
            Expression.Plus plus => Operators.Sign(run, Evaluate(plus.Operand, scope), negates: false),
            Expression.Sequence sequence => new ListValue(EvaluateAll(sequence.Items, scope), sequence.IsTuple),
            Expression.Dict dict => Dict(dict, scope),
            _ => throw run.Fail("an expression of an unknown kind."),
        };

        run.Line = expression.Line;
        run.Leave();
        return value;
    }

    private static Value Look(string name, Scope scope)
        => scope.Find(name) ?? Globals.Find(name) ?? new UndefinedValue($"'{name}' is undefined.");

    private List<Value> EvaluateAll(IReadOnlyList<Expression> expressions, Scope scope)
    {
        run.Elements(expressions.Count);
        var values = new List<Value>(expressions.Count);

        foreach (Expression expression in expressions)
        {
            values.Add(Evaluate(expression, scope));
        }

        return values;
    }

    private Value Choose(Expression.Conditional choice, Scope scope)
        => Evaluate(choice.Condition, scope).IsTrue ? Evaluate(choice.Then, scope)
            : choice.Else is not null ? Evaluate(choice.Else, scope)
            : new UndefinedValue("an 'if' without 'else' was not met.");

    private BoolValue Compare(Expression.Comparison comparison, Scope scope)
    {
        Value left = Evaluate(comparison.First, scope);

        foreach ((string operation, Expression operand) in comparison.Rest)
        {
            Value right = Evaluate(operand, scope);

            if (!Checks.Compare(run, operation, left, right))
            {
                return BoolValue.False;
            }

            left = right;
        }

        return BoolValue.True;
    }

    private Value Slice(Expression.Slice slice, Scope scope)
    {
        Value target = Evaluate(slice.Target, scope);
        BigInteger? start = Bound(slice.Start, scope);
        BigInteger? stop = Bound(slice.Stop, scope);
        BigInteger? step = Bound(slice.Step, scope);

        return target is UndefinedValue undefined
            ? throw run.Fail(undefined.Problem)
            : Sequences.Slice(run, target, start, stop, step)
                ?? throw run.Fail($"a {target.TypeName} cannot be sliced.");
    }

    private BigInteger? Bound(Expression? expression, Scope scope)
    {
        Value? bound = expression is null ? null : Evaluate(expression, scope);
        return bound is null or NoneValue
            ? null
            : Numbers.Whole(bound) ?? throw run.Fail($"a slice takes whole numbers, not a {bound.TypeName}.");
    }

    private DictValue Dict(Expression.Dict dict, Scope scope)
    {
        var value = new DictValue();
        run.Elements(2 * dict.Items.Count);

        foreach ((Expression key, Expression item) in dict.Items)
        {
            value.Items[Equality.Key(run, Evaluate(key, scope))] = Evaluate(item, scope);
        }

        return value;
    }

    private Value Call(Expression.Call call, Scope scope, MacroValue? caller)
    {
        Value target = Evaluate(call.Target, scope);
        Arguments arguments = Arguments(call.Arguments, scope);

        if (caller is not null)
        {
            arguments = arguments with { Named = [.. arguments.Named, ("caller", caller)] };
        }

        return target switch
        {
            CallableValue callable => callable.Call(run, arguments),
            UndefinedValue undefined => throw run.Fail(undefined.Problem),
            _ => throw run.Fail($"a {target.TypeName} cannot be called."),
        };
    }

    private Value Filter(Expression.Filter filter, TextValue? written, Scope scope)
    {
        // The innermost filter of a block takes what the block wrote.
        Value input = filter.Input switch
        {
            null => written!,
            Expression.Filter inner when written is not null => Filter(inner, written, scope),
            Expression value => Evaluate(value, scope),
        };
        Arguments arguments = Arguments(filter.Arguments, scope);
        run.Line = filter.Line;
        return Filters.Apply(run, filter.Id, arguments.Before(input));
    }

    private Arguments Arguments(ArgumentList list, Scope scope)
    {
        if (list.Positional.Count + list.Named.Count == 0 && list.Star is null && list.StarStar is null)
        {
            return Jinja.Arguments.None;
        }

        List<Value> positional = EvaluateAll(list.Positional, scope);
        var named = new List<(string Name, Value Value)>(list.Named.Count);

        foreach ((string name, Expression value) in list.Named)
        {
            named.Add((name, Evaluate(value, scope)));
        }

        if (list.Star is not null)
        {
            positional.AddRange(Sequences.Items(run, Evaluate(list.Star, scope)));
        }

        if (list.StarStar is not null)
        {
            DictValue more = Evaluate(list.StarStar, scope) as DictValue
                ?? throw run.Fail("only a dict can be given as named arguments.");

            foreach ((Value name, Value value) in more.Items)
            {
                named.Add((TextMethods.Need(run, name).Text, value));
            }
        }

        return new Arguments(positional, named);
    }
}
