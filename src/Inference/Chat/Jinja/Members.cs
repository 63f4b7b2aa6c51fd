namespace Swarm.Inference.Chat.Jinja;

/// <summary>What lies behind a dot or in brackets; behind a dot a method hides a dict's entry of its name.</summary>
internal static class Members
{
    /// <summary>What <c>target.name</c> is.</summary>
    public static Value Attribute(Run run, Value target, string name)
    {
        if (target is UndefinedValue undefined)
        {
            throw run.Fail(undefined.Problem);
        }

        return Own(target, name)
            ?? (target as DictValue)?.Find(name)
            ?? new UndefinedValue($"'{target.TypeName} object' has no attribute '{name}'.");
    }

    /// <summary>What <c>target[key]</c> is.</summary>
    public static Value Item(Run run, Value target, Value key)
    {
        switch (target)
        {
            case UndefinedValue undefined:
                throw run.Fail(undefined.Problem);
            case DictValue dict when Equality.CanBeKey(run, key) && dict.Items.TryGetValue(key, out Value? found):
                return found;
            case TextValue or ListValue when Numbers.Whole(key) is { } index:
                return Sequences.At(run, target, index)
                    ?? new UndefinedValue($"{target.TypeName} object has no element {index}.");
            default:
                return (key is TextValue name ? Own(target, name.Text) : null)
                    ?? new UndefinedValue($"'{target.TypeName} object' has no such element.");
        }
    }

    /// <summary>An attribute or method that the value has by itself; null when there is none.</summary>
    private static Value? Own(Value target, string name)
    {
        switch (target)
        {
            case NamespaceValue space:
                return space.Attributes.GetValueOrDefault(name);
            case LoopValue loop:
                return loop.Attribute(name);
            case MacroValue macro:
                return name == "name" ? TextValue.Template(macro.Name) : null;
            case TextValue:
                return Method(TextMethods.All, target, name);
            case ListValue list:
                return list.Named(name) ?? Method(ListMethods.All, target, name);
            case DictValue:
                return Method(DictMethods.All, target, name);
            default:
                return null;
        }
    }

    private static FunctionValue? Method(IReadOnlyDictionary<string, Native> methods, Value target, string name)
        => methods.TryGetValue(name, out Native? method) ? new FunctionValue(name, method, target) : null;
}
