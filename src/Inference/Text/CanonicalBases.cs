using System.Collections.Frozen;
using System.Globalization;

namespace Swarm.Inference.Text;

/// <summary>
/// The first code point of a letter's canonical decomposition (Unicode's form D): é begins with e. Read from a table
/// because this program runs without the system's Unicode library.
/// </summary>
internal static class CanonicalBases
{
    private const int FirstHangul = 0xAC00;
    private const int LastHangul = 0xD7A3;
    private const int FirstLead = 0x1100;
    private const int SyllablesOfLead = 21 * 28;

    private static readonly FrozenDictionary<int, int> Table = Read();

    /// <summary>What <paramref name="codePoint"/> begins with when it is decomposed; itself when it is not.</summary>
    public static int Of(int codePoint)
        => codePoint is >= FirstHangul and <= LastHangul
            ? FirstLead + ((codePoint - FirstHangul) / SyllablesOfLead)
            : Table.GetValueOrDefault(codePoint, codePoint);

    private static FrozenDictionary<int, int> Read()
    {
        const string Name = "canonical-bases.txt";
        using Stream stream = typeof(CanonicalBases).Assembly.GetManifestResourceStream(Name)!;
        using var reader = new StreamReader(stream);
        var bases = new Dictionary<int, int>();

        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            // C0-C5>41: every letter of the range begins with the one behind the sign.
            foreach (string entry in line.Split(' '))
            {
                string[] sides = entry.Split('>');
                int[] range = [.. sides[0].Split('-').Select(Hex)];

                for (int codePoint = range[0]; codePoint <= range[^1]; codePoint++)
                {
                    bases.Add(codePoint, Hex(sides[1]));
                }
            }
        }

        return bases.ToFrozenDictionary();
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
