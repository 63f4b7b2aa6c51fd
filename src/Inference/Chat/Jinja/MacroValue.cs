namespace Swarm.Inference.Chat.Jinja;

/// <summary>A macro with the names around its definition; called, it gives what its body writes.</summary>
internal sealed class MacroValue(Macro macro, Scope around, Interpreter interpreter) : CallableValue
{
    public string Name => macro.Name;

    public override string TypeName => "Macro";

    public override Value Call(Run run, Arguments arguments)
    {
        var scope = new Scope(around);
        Bind(run, scope, arguments);
        return interpreter.Capture(macro.Body, scope);
    }

    private void Bind(Run run, Scope scope, Arguments arguments)
    {
        var named = new List<(string Name, Value Value)>(arguments.Named);
        int count = macro.Parameters.Count;

        if (arguments.Positional.Count > count && !macro.ReadsVarargs)
        {
            throw run.Fail($"macro '{Name}' takes at most {count} arguments.");
        }

        for (int i = 0; i < count; i++)
        {
            (string parameter, Expression? absent) = macro.Parameters[i];
            int given = named.FindIndex(pair => pair.Name == parameter);
            Value? value = i < arguments.Positional.Count ? arguments.Positional[i]
                : given >= 0 ? named[given].Value
                : absent is not null ? interpreter.Evaluate(absent, scope)
                : new UndefinedValue($"parameter '{parameter}' was not provided.");

            if (given >= 0 && i >= arguments.Positional.Count)
            {
                named.RemoveAt(given);
            }

            scope.Set(parameter, value);
        }

        int caller = named.FindIndex(pair => pair.Name == "caller");

        if (macro.ReadsCaller && !macro.Parameters.Any(parameter => parameter.Name == "caller"))
        {
            scope.Set("caller", caller >= 0 ? named[caller].Value : new UndefinedValue("there is no caller."));

            if (caller >= 0)
            {
                named.RemoveAt(caller);
            }
        }

        BindRest(run, scope, [.. arguments.Positional.Skip(count)], named);
    }

    private void BindRest(Run run, Scope scope, List<Value> positional, List<(string Name, Value Value)> named)
    {
        if (macro.ReadsVarargs)
        {
            scope.Set("varargs", new ListValue(positional, isTuple: true));
        }

        if (macro.ReadsKwargs)
        {
            var rest = new DictValue();
            named.ForEach(pair => rest.Items[TextValue.Template(pair.Name)] = pair.Value);
            scope.Set("kwargs", rest);
        }
        else if (named.Count > 0)
        {
            throw run.Fail($"macro '{Name}' takes no argument '{named[0].Name}'.");
        }
    }
}
