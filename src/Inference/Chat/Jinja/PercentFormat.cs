namespace Swarm.Inference.Chat.Jinja;

/// <summary>Python's older notation: <c>"%s of %d" % values</c>.</summary>
internal static class PercentFormat
{
    /// <summary>The text with its places filled from a tuple, a dict or a single value.</summary>
    public static TextValue Apply(Run run, TextValue pattern, Value values)
    {
        List<Value> all = values is ListValue { IsTuple: true } tuple ? tuple.Items : [values];
        var output = new TextBuilder(run);
        string text = pattern.Text;
        int used = 0;

        for (int at = 0; at < text.Length;)
        {
            int place = text.IndexOf('%', at);
            place = place < 0 ? text.Length : place;
            output.Append(pattern, at, place - at);
            at = place;

            if (at == text.Length)
            {
                break;
            }

            run.Step();
            at++;
            Value? named = Named(run, pattern, values, ref at);
            FormatSpec spec = Spec(run, text, ref at);
            char type = at < text.Length ? text[at++] : throw run.Fail("a '%' format does not end.");

            if (type == '%')
            {
                output.Append("%");
                continue;
            }

            Value value = named ?? (used < all.Count ? all[used++] : throw run.Fail("a '%' format lacks a value."));
            output.Append(One(run, spec, type, value));
        }

        // What can be picked from may hold more than is asked for.
        return used == all.Count || values is ListValue { IsTuple: false } or DictValue or UndefinedValue
            ? output.Take()
            : throw run.Fail("a '%' format has more values than places.");
    }

    private static Value? Named(Run run, TextValue pattern, Value values, ref int at)
    {
        if (at >= pattern.Text.Length || pattern.Text[at] != '(')
        {
            return null;
        }

        int end = pattern.Text.IndexOf(')', at);

        if (end < 0 || values is not DictValue dict)
        {
            throw run.Fail("a '%(name)' format needs its values by name.");
        }

        string name = pattern.Text[(at + 1)..end];
        at = end + 1;
        return dict.Find(name) ?? throw run.Fail($"a '%' format lacks the value '{name}'.");
    }

    private static FormatSpec Spec(Run run, string text, ref int at)
    {
        var spec = new FormatSpec { Align = '>' };

        for (; at < text.Length && text[at] is '-' or '+' or ' ' or '#' or '0'; at++)
        {
            spec = text[at] switch
            {
                '-' => spec with { Align = '<', Fill = TextValue.Template(" ") },
                '#' => spec with { HasPrefix = true },
                '0' when spec.Align == '>' => spec with { Align = '=', Fill = TextValue.Template("0") },
                '0' => spec,
                char sign => spec with { Sign = sign },
            };
        }

        spec = spec with { Width = FormatSpec.Size(run, text, ref at) ?? 0 };

        if (at < text.Length && text[at] == '.')
        {
            at++;
            spec = spec with { Precision = FormatSpec.Size(run, text, ref at) ?? 0 };
        }

        return spec;
    }

    private static TextValue One(Run run, FormatSpec spec, char type, Value value)
    {
        char align = spec.Align == '=' ? '>' : spec.Align!.Value;
        FormatSpec asText = spec with { Type = 's', Align = align, Fill = TextValue.Template(" ") };

        switch (type)
        {
            case 's':
                return asText.Apply(run, Printer.Text(run, value));
            case 'r' or 'a':
                var code = new TextBuilder(run);
                Printer.WriteCode(run, code, value);
                return asText.Apply(run, code.Take());
            case 'c' when value is TextValue letter && letter.Points == 1:
                return asText.Apply(run, letter);
            case 'd' or 'i' or 'u' when value is FloatValue real && double.IsFinite(real.Number):
                return (spec with { Type = 'd', Precision = null }).Apply(
                    run, run.Integer(new System.Numerics.BigInteger(real.Number)));
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'c' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                return (spec with { Type = type is 'i' or 'u' ? 'd' : type }).Apply(run, value);
            default:
                throw run.Fail($"the format '%{type}' is not known.");
        }
    }
}
