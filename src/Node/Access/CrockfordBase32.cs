using System.Text;

namespace Swarm.Node.Access;

/// <summary>Crockford's base 32: digits and letters without I, L, O and U, so that a code can be read aloud.</summary>
internal static class CrockfordBase32
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int BitsPerLetter = 5;

    /// <summary>Upper-case letters, the last one filled up with zero bits.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        int held = 0;
        int bits = 0;

        foreach (byte value in bytes)
        {
            held = (held << 8) | value;

            for (bits += 8; bits >= BitsPerLetter; bits -= BitsPerLetter)
            {
                _ = text.Append(Alphabet[(held >> (bits - BitsPerLetter)) & 31]);
            }

            held &= (1 << bits) - 1;
        }

        return bits > 0 ? text.Append(Alphabet[(held << (BitsPerLetter - bits)) & 31]).ToString() : text.ToString();
    }

    /// <summary>
    /// Reads what <see cref="Encode"/> wrote, in any case and with the letters people confuse; null else.
    /// </summary>
    public static byte[]? Decode(string text)
    {
        byte[] bytes = new byte[text.Length * BitsPerLetter / 8];
        int held = 0;
        int bits = 0;
        int at = 0;

        foreach (char letter in text)
        {
            int value = ValueOf(char.ToUpperInvariant(letter));

            if (value < 0)
            {
                return null;
            }

            held = (held << BitsPerLetter) | value;
            bits += BitsPerLetter;

            if (bits >= 8)
            {
                bits -= 8;
                bytes[at++] = (byte)(held >> bits);
                held &= (1 << bits) - 1;
            }
        }

        // One text for each value: no letter too many, and nothing in the bits that fill up the last.
        return held == 0 && bits < BitsPerLetter ? bytes : null;
    }

    private static int ValueOf(char letter) => letter switch
    {
        'O' => 0,
        'I' or 'L' => 1,
        _ => Alphabet.IndexOf(letter, StringComparison.Ordinal),
    };
}
