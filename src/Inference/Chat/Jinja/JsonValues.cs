using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>JSON as values; its texts are the user's, unless the caller knows better.</summary>
internal static class JsonValues
{
    /// <summary>A JSON value.</summary>
    public static Value Read(Run run, JsonElement json, bool isUser)
    {
        run.Enter();
        Value value = json.ValueKind switch
        {
            JsonValueKind.String => Text(run, StringOf(run, json), isUser),
            JsonValueKind.Number => Number(run, json.GetRawText()),
            JsonValueKind.True => BoolValue.True,
            JsonValueKind.False => BoolValue.False,
            JsonValueKind.Array => Array(run, json, isUser),
            JsonValueKind.Object => Dict(run, json, isUser),
            _ => NoneValue.Instance,
        };
        run.Leave();
        return value;
    }

    /// <summary>The JSON in a text.</summary>
    /// <exception cref="TemplateException">The text is no JSON.</exception>
    public static Value Parse(Run run, TextValue text)
    {
        try
        {
            using var document = JsonDocument.Parse(text.Text);
            return Read(run, document.RootElement, text.HasUserText);
        }
        catch (Exception refusal) when (refusal is JsonException or ArgumentException)
        {
            throw run.Fail("a text is no JSON, as the arguments of a tool call should be.");
        }
    }

    private static TextValue Text(Run run, string text, bool isUser)
    {
        run.Characters(text.Length);
        return isUser ? TextValue.User(text) : TextValue.Template(text);
    }

    private static string StringOf(Run run, JsonElement json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw run.Fail("a text of the conversation holds half a surrogate pair.");
        }
    }

    private static Value Number(Run run, string text)
    {
        if (text.AsSpan().ContainsAny('.', 'e', 'E'))
        {
            return new FloatValue(double.Parse(text, CultureInfo.InvariantCulture));
        }

        BigInteger number = Numbers.ParseInteger(text, 10)
            ?? throw run.Fail("a whole number of the conversation has too many digits.");
        return run.Integer(number);
    }

    private static ListValue Array(Run run, JsonElement json, bool isUser)
    {
        var items = new List<Value>();

        foreach (JsonElement item in json.EnumerateArray())
        {
            run.Elements(1);
            items.Add(Read(run, item, isUser));
        }

        return new ListValue(items);
    }

    private static DictValue Dict(Run run, JsonElement json, bool isUser)
    {
        var dict = new DictValue();

        foreach (JsonProperty property in json.EnumerateObject())
        {
            run.Elements(1);
            string name;

            try
            {
                name = property.Name;
            }
            catch (InvalidOperationException)
            {
                throw run.Fail("a name in the conversation holds half a surrogate pair.");
            }

            dict.Items[Text(run, name, isUser)] = Read(run, property.Value, isUser);
        }

        return dict;
    }
}
