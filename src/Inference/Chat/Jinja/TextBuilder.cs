using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Puts a text together and keeps who wrote what.</summary>
internal sealed class TextBuilder(Run run)
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _changes = [];

    public int Length => _text.Length;

    /// <summary>Appends a whole text.</summary>
    public void Append(TextValue text) => Append(text, 0, text.Text.Length);

    /// <summary>Appends a part of a text.</summary>
    public void Append(TextValue text, int start, int length)
    {
        if (!text.HasUserText)
        {
            Append(text.Text.AsSpan(start, length), isUser: false);
            return;
        }

        foreach ((int from, int count, bool isUser) in text.Stretches(start, length))
        {
            Append(text.Text.AsSpan(from, count), isUser);
        }
    }

    /// <summary>Appends what the template wrote.</summary>
    public void Append(string text) => Append(text, isUser: false);

    /// <summary>Appends what the template or the user wrote.</summary>
    public void Append(ReadOnlySpan<char> text, bool isUser)
    {
        if (text.Length == 0)
        {
            return;
        }

        run.Characters(text.Length);

        if (isUser != ((_changes.Count & 1) == 1))
        {
            _changes.Add(_text.Length);
        }

        _ = _text.Append(text);
    }

    /// <summary>The text so far.</summary>
    public TextValue Take() => new(_text.ToString(), [.. _changes]);
}
