using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>
/// Cuts a template into words. Block tags swallow the white space before them on their line and the line end behind
/// them (<c>lstrip_blocks</c>, <c>trim_blocks</c>), and any tag all of it on the side of a <c>-</c>.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";",
    ];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _open = new();
    private int _at;
    private int _line = 1;
    private int _lineAt;
    private bool _atLineStart = true;

    private Lexer(string source) => _source = source;

    /// <summary>The words of a template.</summary>
    /// <exception cref="TemplateException">A tag or text does not end, or a letter fits nothing.</exception>
    public static List<Token> Read(string source)
    {
        // As the reference: line ends are \n, and one at the very end is dropped.
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new Lexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_at < _source.Length)
        {
            int tag = FindTag();

            if (tag < 0)
            {
                AddText(_at, _source.Length);
                _at = _source.Length;
                break;
            }

            char kind = _source[tag + 1];
            char sign = tag + 2 < _source.Length ? _source[tag + 2] : '\0';
            AddText(_at, TextEnd(tag, sign, strips: kind != '{'));
            _at = tag + (sign is '-' or '+' ? 3 : 2);

            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when TryRaw():
                    break;
                default:
                    ReadTag(kind == '%');
                    break;
            }
        }

        Add(TokenType.End, "", _at);
    }

    private int FindTag()
    {
        for (int at = _source.IndexOf('{', _at); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>Where the text before a tag ends, once the tag has swallowed what it swallows.</summary>
    private int TextEnd(int tag, char sign, bool strips)
    {
        int end = tag;

        if (sign == '-')
        {
            while (end > _at && PythonText.IsSpace(_source[end - 1]))
            {
                end--;
            }
        }
        else if (strips && sign != '+')
        {
            while (end > _at && _source[end - 1] != '\n' && PythonText.IsSpace(_source[end - 1]))
            {
                end--;
            }

            bool onlySpace = end > _at ? _source[end - 1] == '\n' : _atLineStart;
            end = onlySpace ? end : tag;
        }

        return end;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);

        if (end < 0)
        {
            throw Fail(_at, "a comment does not end; close it with '#}'.");
        }

        char sign = end > _at ? _source[end - 1] : '\0';
        _at = end + 2;
        SkipBehind(sign, trims: true);
    }

    private bool TryRaw()
    {
        int at = SkipSpace(_at);

        if (!IsWord(at, "raw"))
        {
            return false;
        }

        at = SkipSpace(at + "raw".Length);
        char sign = At(at);
        at += sign == '-' ? 1 : 0;

        if (At(at) != '%' || At(at + 1) != '}')
        {
            return false;
        }

        _at = at + 2;
        SkipBehind(sign, trims: false);
        ReadRaw();
        return true;
    }

    private void ReadRaw()
    {
        for (int tag = _at; ; tag++)
        {
            tag = _source.IndexOf("{%", tag, StringComparison.Ordinal);

            if (tag < 0)
            {
                throw Fail(_at, "a raw block does not end; close it with '{% endraw %}'.");
            }

            char sign = At(tag + 2);
            int at = SkipSpace(tag + (sign is '-' or '+' ? 3 : 2));

            if (!IsWord(at, "endraw"))
            {
                continue;
            }

            at = SkipSpace(at + "endraw".Length);
            char endSign = At(at);
            at += endSign is '-' or '+' ? 1 : 0;

            if (At(at) == '%' && At(at + 1) == '}')
            {
                AddText(_at, TextEnd(tag, sign, strips: true));
                _at = at + 2;
                SkipBehind(endSign, trims: true);
                return;
            }
        }
    }

    private void ReadTag(bool isBlock)
    {
        int begin = _at;
        char close = isBlock ? '%' : '}';
        Add(isBlock ? TokenType.BlockBegin : TokenType.OutputBegin, "", begin);
        _open.Clear();

        while (true)
        {
            _at = SkipSpace(_at);

            if (_at >= _source.Length)
            {
                throw Fail(begin, $"a tag does not end; close it with '{close}}}'.");
            }

            char sign = At(_at) is '-' or '+' ? At(_at) : '\0';
            int end = sign == '\0' ? _at : _at + 1;

            if (_open.Count == 0 && At(end) == close && At(end + 1) == '}' && (isBlock || sign != '+'))
            {
                Add(isBlock ? TokenType.BlockEnd : TokenType.OutputEnd, "", _at);
                _at = end + 2;
                SkipBehind(sign, trims: isBlock);
                return;
            }

            ReadWord();
        }
    }

    private void ReadWord()
    {
        int start = _at;
        char first = _source[_at];

        if (char.IsAsciiDigit(first))
        {
            ReadNumber();
        }
        else if (first == '_' || char.IsLetter(first))
        {
            while (At(_at) == '_' || char.IsLetterOrDigit(At(_at)))
            {
                _at++;
            }

            Add(TokenType.Name, _source[start.._at], start);
        }
        else if (first is '\'' or '"')
        {
            ReadString(first);
        }
        else
        {
            ReadOperator();
        }
    }

    private void ReadNumber()
    {
        int start = _at;
        int radixEnd = start + 2;

        if (At(start) == '0' && char.ToLowerInvariant(At(start + 1)) is 'x' or 'o' or 'b')
        {
            while (char.IsAsciiHexDigit(At(radixEnd)) || At(radixEnd) == '_')
            {
                radixEnd++;
            }

            _at = radixEnd;
            Add(TokenType.Integer, _source[start.._at], start);
            return;
        }

        SkipDigits();
        bool isFloat = At(_at) == '.' && char.IsAsciiDigit(At(_at + 1)) && !(start > 0 && At(start - 1) == '.');

        if (isFloat)
        {
            _at++;
            SkipDigits();
        }

        int exponent = At(_at) is 'e' or 'E' ? _at + (At(_at + 1) is '+' or '-' ? 2 : 1) : _at;

        if (exponent > _at && char.IsAsciiDigit(At(exponent)))
        {
            isFloat = true;
            _at = exponent;
            SkipDigits();
        }

        Add(isFloat ? TokenType.Float : TokenType.Integer, _source[start.._at], start);
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(At(_at)) || (At(_at) == '_' && char.IsAsciiDigit(At(_at + 1))))
        {
            _at++;
        }
    }

    private void ReadString(char quote)
    {
        int start = _at++;

        while (At(_at) != quote || _at >= _source.Length)
        {
            if (_at >= _source.Length)
            {
                throw Fail(start, $"a text does not end; close it with {quote}.");
            }

            _at += At(_at) == '\\' ? 2 : 1;
        }

        string text = StringEscapes.Read(_source.AsSpan(start + 1, _at - start - 1))
            ?? throw Fail(start, "a text has an escape that stands for no character.");
        _at++;
        Add(TokenType.String, text, start);
    }

    private void ReadOperator()
    {
        string? found = Array.Find(
            Operators, name => string.CompareOrdinal(_source, _at, name, 0, name.Length) == 0);

        switch (found)
        {
            case null:
                string letter = Rune.TryGetRuneAt(_source, _at, out Rune rune) ? rune.ToString() : "?";
                throw Fail(_at, $"'{letter}' means nothing here.");
            case "(" or "[" or "{":
                _open.Push(found[0] == '(' ? ')' : found[0] == '[' ? ']' : '}');
                break;
            case ")" or "]" or "}" when !_open.TryPop(out char expected) || expected != found[0]:
                throw Fail(_at, $"'{found}' closes nothing that is open.");
        }

        Add(TokenType.Operator, found, _at);
        _at += found.Length;
    }

    /// <summary>Skips what the tag that just ended swallows.</summary>
    private void SkipBehind(char sign, bool trims)
    {
        int start = _at;

        if (sign == '-')
        {
            _at = SkipSpace(_at);
        }
        else if (trims && sign != '+' && At(_at) == '\n')
        {
            _at++;
        }

        _atLineStart = _at > start && _source[_at - 1] == '\n';
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && PythonText.IsSpace(_source[at]))
        {
            at++;
        }

        return at;
    }

    private bool IsWord(int at, string word)
        => string.CompareOrdinal(_source, at, word, 0, word.Length) == 0
            && !(char.IsLetterOrDigit(At(at + word.Length)) || At(at + word.Length) == '_');

    private char At(int index) => index < _source.Length ? _source[index] : '\0';

    private void AddText(int start, int end)
    {
        if (end > start)
        {
            Add(TokenType.Text, _source[start..end], start);
        }
    }

    private void Add(TokenType type, string text, int at)
    {
        _line += _source.AsSpan(_lineAt, Math.Min(at, _source.Length) - _lineAt).Count('\n');
        _lineAt = Math.Min(at, _source.Length);
        _tokens.Add(new Token(type, text, _line));
    }

    private TemplateException Fail(int at, string problem)
        => new(1 + _source.AsSpan(0, Math.Min(at, _source.Length)).Count('\n'), problem);
}
