using System.Globalization;
using System.Text;

namespace Swarm.Inference.Text;

/// <summary>SentencePiece's way to write a space, and what it makes of bytes.</summary>
internal static class SpaceMark
{
    /// <summary>Stands for a space, U+2581.</summary>
    public const char Letter = '\u2581';

    /// <summary>The bytes of a token's text.</summary>
    public static byte[] Decode(string text, TokenKind kind)
        => kind == TokenKind.Byte
            && text.Length == 6
            && byte.TryParse(text.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value)
                ? [value]
                : Encoding.UTF8.GetBytes(text.Replace(Letter, ' '));
}
