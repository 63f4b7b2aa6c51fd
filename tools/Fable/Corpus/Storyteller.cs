using System.Text;

namespace Swarm.Fable.Corpus;

/// <summary>Draws stories from a grammar. The same seed tells the same stories, on every machine.</summary>
public sealed class Storyteller(Grammar grammar, ulong seed)
{
    private readonly Dictionary<string, Remembered> _memory = [];
    private readonly StringBuilder _text = new();
    private readonly Dice _dice = new(seed);
    private readonly List<(int Start, int End)> _recalled = [];
    private double _nats;

    private sealed record Remembered(Grammar.Option Option, string Text);

    /// <summary>The next story of this seed.</summary>
    public Story Next()
    {
        _memory.Clear();
        _text.Clear();
        _recalled.Clear();
        _nats = 0;
        Draw("story", []);
        return new Story(_text.ToString(), _nats) { Recalled = [.. _recalled] };
    }

    private Grammar.Option Draw(string rule, string[] without)
    {
        Grammar.Option[] forbidden = [.. without.Select(name => _memory[name].Option)];
        Grammar.Option[] options = [.. grammar.Options(rule).Except(forbidden)];
        int total = options.Sum(option => option.Weight);
        int ticket = _dice.Next(total);
        int chosen = 0;
        while (ticket >= options[chosen].Weight)
        {
            ticket -= options[chosen++].Weight;
        }

        _nats -= Math.Log((double)options[chosen].Weight / total);
        Write(options[chosen].Fields[0]);
        return options[chosen];
    }

    private void Write(Grammar.Part[] parts)
    {
        foreach (Grammar.Part part in parts)
        {
            int start = _text.Length;
            switch (part.Kind)
            {
                case Grammar.PartKind.Literal:
                    _text.Append(part.Text);
                    break;
                case Grammar.PartKind.Draw:
                    Grammar.Option option = Draw(part.Text, part.Without);
                    if (part.Bind is not null)
                    {
                        _memory[part.Bind] = new Remembered(option, _text.ToString(start, _text.Length - start));
                    }

                    break;
                default:
                    Recall(part);
                    _recalled.Add((start, _text.Length));
                    break;
            }
        }
    }

    private void Recall(Grammar.Part part)
    {
        Remembered remembered = _memory[part.Text];
        int start = _text.Length;
        if (part.Field == 0)
        {
            _text.Append(remembered.Text);
        }
        else
        {
            Write(remembered.Option.Fields[part.Field]);
        }

        if (part.Capital)
        {
            _text[start] = char.ToUpperInvariant(_text[start]);
        }
    }
}
