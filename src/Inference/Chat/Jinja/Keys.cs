using System.Globalization;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>By what filters sort, group and choose: the item itself or something within it.</summary>
internal static class Keys
{
    /// <summary>
    /// What to take of an item: <paramref name="attribute"/> is a path with dots, a number, or null for the item
    /// itself; small letters stand for capital ones unless the case matters.
    /// </summary>
    public static Func<Value, Value> Of(Run run, Value? attribute, bool isCaseSensitive, Value? absent = null)
    {
        List<Value> path = attribute switch
        {
            null or NoneValue => [],
            TextValue text => [.. text.Text.Split('.').Select(Part)],
            _ => [attribute],
        };

        return item =>
        {
            run.Step();
            Value found = path.Aggregate(item, (value, part) =>
                Members.Item(run, value, part) is var member && member is UndefinedValue && absent is not null
                    ? absent
                    : member);
            return !isCaseSensitive && found is TextValue letters ? TextCase.Lower(run, letters) : found;
        };
    }

    private static Value Part(string name)
        => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? new IntegerValue(index)
            : TextValue.Template(name);
}
