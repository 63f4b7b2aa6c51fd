using System.Collections.Frozen;

namespace Swarm.Inference.Text;

/// <summary>
/// GPT-2's alphabet: every byte is written as one visible letter, so that vocabularies can be text files. Printable
/// bytes of Latin-1 stand for themselves, the others for the letters from U+0100 on.
/// </summary>
internal static class ByteLetters
{
    private static readonly char[] Letters = MakeLetters();

    private static readonly FrozenDictionary<char, byte> Bytes
        = Enumerable.Range(0, 256).ToFrozenDictionary(value => Letters[value], value => (byte)value);

    /// <summary>The letter of a byte.</summary>
    public static char Letter(byte value) => Letters[value];

    /// <summary>The byte of a letter; false when it stands for none.</summary>
    public static bool TryByte(char letter, out byte value) => Bytes.TryGetValue(letter, out value);

    private static char[] MakeLetters()
    {
        char[] letters = new char[256];
        char next = '\u0100';

        for (int value = 0; value < letters.Length; value++)
        {
            bool visible = value
                is (>= '!' and <= '~') or (>= '\u00A1' and <= '\u00AC') or (>= '\u00AE' and <= '\u00FF');
            letters[value] = visible ? (char)value : next++;
        }

        return letters;
    }
}
