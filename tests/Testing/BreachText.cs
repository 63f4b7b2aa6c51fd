using System.Globalization;
using System.Runtime.CompilerServices;

namespace Swarm.Testing;

/// <summary>What is said of an invariant when it does not hold: not written while it does, which is nearly always.</summary>
[InterpolatedStringHandler]
public ref struct BreachText
{
    private DefaultInterpolatedStringHandler _text;

    public BreachText(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;

        if (isWanted)
        {
            _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
        }
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);

    /// <summary>The text, once.</summary>
    public string Take() => _text.ToStringAndClear();
}
