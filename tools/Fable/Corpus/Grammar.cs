using System.Text.RegularExpressions;

namespace Swarm.Fable.Corpus;

/// <summary>The rules that stories are drawn from: what `stories.grammar` says, read into memory.</summary>
public sealed partial class Grammar
{
    // Long enough to tell any two options apart, short enough to list every way in which an option can begin.
    private const int BeginningLength = 20;
    private const int FirstLetters = 3;

    private readonly Dictionary<string, Option[]> _rules = [];

    /// <summary>One option of a rule: the parts of each of its fields, and its weight among the rule's options.</summary>
    internal sealed record Option(int Weight, Part[][] Fields);

    /// <summary>A piece of an option: literal text, a rule to draw from, or something to recall.</summary>
    internal sealed record Part(PartKind Kind, string Text)
    {
        public string? Bind { get; init; }
        public string[] Without { get; init; } = [];
        public int Field { get; init; }
        public bool Capital { get; init; }
    }

    /// <summary>What a part does.</summary>
    internal enum PartKind
    {
        Literal,
        Draw,
        Recall,
    }

    /// <summary>Reads a grammar from its text.</summary>
    public static Grammar Parse(string text)
    {
        var grammar = new Grammar();
        var options = new List<Option>();
        string rule = "";
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line[0] == '@')
            {
                grammar.Keep(rule, options);
                rule = line[1..];
            }
            else if (line[0] != '#')
            {
                options.Add(ParseOption(line));
            }
        }

        grammar.Keep(rule, options);
        return grammar;
    }

    /// <summary>The grammar that is part of this program.</summary>
    public static Grammar BuiltIn()
    {
        using Stream stream = typeof(Grammar).Assembly.GetManifestResourceStream("stories.grammar")!;
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd());
    }

    /// <summary>
    /// Pairs of options of one rule that could not be told apart by reading on, so that a text might have two
    /// derivations and its probability be more than the product of its draws. Empty for a grammar that can be trusted.
    /// </summary>
    public IEnumerable<string> Ambiguities()
    {
        foreach ((string rule, Option[] options) in _rules)
        {
            for (int first = 0; first < options.Length; first++)
            {
                for (int second = first + 1; second < options.Length; second++)
                {
                    if (MayBeginAlike(options[first].Fields[0], options[second].Fields[0]))
                    {
                        yield return $"@{rule}: options {first + 1} and {second + 1}";
                    }
                }
            }
        }
    }

    internal Option[] Options(string rule) => _rules[rule];

    private void Keep(string rule, List<Option> options)
    {
        if (rule.Length > 0)
        {
            _rules.Add(rule, [.. options]);
            options.Clear();
        }
    }

    private static Option ParseOption(string line)
    {
        Match weight = Weight().Match(line);
        string rest = line[weight.Length..];
        return new Option(
            weight.Success ? int.Parse(weight.Groups[1].ValueSpan) : 1,
            [.. rest.Split(" | ").Select(field => ParseParts(field.Replace("\\n", "\n", StringComparison.Ordinal)))]);
    }

    private static Part[] ParseParts(string text)
    {
        var parts = new List<Part>();
        int at = 0;
        foreach (Match slot in Slot().Matches(text))
        {
            if (slot.Index > at)
            {
                parts.Add(new Part(PartKind.Literal, text[at..slot.Index]));
            }

            at = slot.Index + slot.Length;
            parts.Add(slot.Groups["rule"].Success
                ? new Part(PartKind.Draw, slot.Groups["rule"].Value)
                {
                    Bind = slot.Groups["bind"].Success ? slot.Groups["bind"].Value : null,
                    Without = slot.Groups["without"].Value.Split('!', StringSplitOptions.RemoveEmptyEntries),
                }
                : new Part(PartKind.Recall, slot.Groups["recall"].Value)
                {
                    Field = slot.Groups["field"].Success ? int.Parse(slot.Groups["field"].ValueSpan) : 0,
                    Capital = slot.Groups["capital"].Success,
                });
        }

        if (at < text.Length)
        {
            parts.Add(new Part(PartKind.Literal, text[at..]));
        }

        return [.. parts];
    }

    /// <summary>Whether a beginning of one could be that of the other; most pairs differ in their first letters.</summary>
    private bool MayBeginAlike(Part[] first, Part[] second)
        => MayBeginAlike(first, second, FirstLetters) && MayBeginAlike(first, second, BeginningLength);

    private bool MayBeginAlike(Part[] first, Part[] second, int length)
    {
        HashSet<string> one = [.. Beginnings(first, length)];
        HashSet<string> other = [.. Beginnings(second, length)];
        return one.Any(text => HoldsBeginning(other, text)) || other.Any(text => HoldsBeginning(one, text));
    }

    private static bool HoldsBeginning(HashSet<string> texts, string text)
        => Enumerable.Range(0, text.Length + 1).Any(length => texts.Contains(text[..length]));

    /// <summary>Every way in which these parts can begin, cut at a length.</summary>
    private IEnumerable<string> Beginnings(ReadOnlyMemory<Part> parts, int length)
    {
        if (parts.IsEmpty || length == 0)
        {
            return [""];
        }

        return Heads(parts.Span[0], length).Distinct().SelectMany(
            head => Beginnings(parts[1..], length - head.Length).Distinct().Select(tail => head + tail));
    }

    private IEnumerable<string> Heads(Part part, int length) => part.Kind switch
    {
        PartKind.Literal => [part.Text.Length > length ? part.Text[..length] : part.Text],
        PartKind.Draw => _rules[part.Text].SelectMany(option => Beginnings(option.Fields[0], length)),
        _ => Bound(part.Text)
            .SelectMany(rule => _rules[rule])
            .SelectMany(option => Beginnings(option.Fields[part.Field], length))
            .Select(text => part.Capital ? Capitalised(text) : text),
    };

    /// <summary>The rules whose options a name may remember.</summary>
    private IEnumerable<string> Bound(string name) => _rules.Values
        .SelectMany(options => options)
        .SelectMany(option => option.Fields)
        .SelectMany(parts => parts)
        .Where(part => part.Bind == name)
        .Select(part => part.Text)
        .Distinct();

    internal static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    [GeneratedRegex(@"^(\d+)\* ")]
    private static partial Regex Weight();

    [GeneratedRegex(@"<((?<bind>[a-z]+)=)?(?<rule>[a-z]+)(?<without>(![a-z]+)*)>|\$(?<capital>\^)?(?<recall>[a-z]+)(\.(?<field>\d))?")]
    private static partial Regex Slot();
}
