using System.Collections.Immutable;

namespace Swarm.Fable.Corpus;

/// <summary>
/// Reads a text as a story of the grammar: the judge of what the model tells. A story is accepted only if every name,
/// every pronoun and every thing that comes back is the one that was drawn before.
/// </summary>
public sealed class Storyreader(Grammar grammar)
{
    /// <summary>The parts still to be read; after a bound draw, where it began and what is to be remembered.</summary>
    private sealed record Rest(Grammar.Part Part, Rest? Next)
    {
        public Grammar.Option? Drawn { get; init; }
        public int Start { get; init; }
    }

    private sealed record Remembered(Grammar.Option Option, string Text);

    /// <summary>What the grammar needs to say this text, in nats; null if it never says it.</summary>
    public double? Nats(string text) => Read(
        text,
        0,
        new Rest(new Grammar.Part(Grammar.PartKind.Draw, "story"), null),
        ImmutableDictionary<string, Remembered>.Empty);

    private double? Read(string text, int at, Rest? rest, ImmutableDictionary<string, Remembered> memory)
    {
        while (rest is not null && (rest.Drawn is not null || rest.Part.Kind != Grammar.PartKind.Draw))
        {
            if (rest.Drawn is not null)
            {
                memory = memory.SetItem(rest.Part.Bind!, new Remembered(rest.Drawn, text[rest.Start..at]));
            }
            else
            {
                string expected = rest.Part.Kind == Grammar.PartKind.Literal ? rest.Part.Text : Recall(rest.Part, memory);
                if (string.CompareOrdinal(text, at, expected, 0, expected.Length) != 0)
                {
                    return null;
                }

                at += expected.Length;
            }

            rest = rest.Next;
        }

        return rest is null ? at == text.Length ? 0 : null : ReadDraw(text, at, rest, memory);
    }

    private double? ReadDraw(string text, int at, Rest rest, ImmutableDictionary<string, Remembered> memory)
    {
        IEnumerable<Grammar.Option> forbidden = rest.Part.Without.Select(name => memory[name].Option);
        Grammar.Option[] options = [.. grammar.Options(rest.Part.Text).Except(forbidden)];
        foreach (Grammar.Option option in options)
        {
            Rest? then = rest.Part.Bind is null ? rest.Next : rest with { Drawn = option, Start = at };
            foreach (Grammar.Part part in option.Fields[0].Reverse())
            {
                then = new Rest(part, then);
            }

            if (Read(text, at, then, memory) is double nats)
            {
                return nats - Math.Log((double)option.Weight / options.Sum(one => one.Weight));
            }
        }

        return null;
    }

    private static string Recall(Grammar.Part part, ImmutableDictionary<string, Remembered> memory)
    {
        Remembered remembered = memory[part.Text];
        string text = part.Field == 0
            ? remembered.Text
            : string.Concat(remembered.Option.Fields[part.Field].Select(
                inner => inner.Kind == Grammar.PartKind.Literal ? inner.Text : Recall(inner, memory)));
        return part.Capital ? Grammar.Capitalised(text) : text;
    }
}
