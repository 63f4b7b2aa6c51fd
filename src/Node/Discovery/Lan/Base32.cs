namespace Swarm.Node.Discovery.Lan;

/// <summary>Base32 (RFC 4648) in small letters, unpadded: bytes as a DNS label, where case does not count.</summary>
internal static class Base32
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz234567";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        char[] text = new char[((bytes.Length * 8) + 4) / 5];
        int buffer = 0;
        int bits = 0;
        int at = 0;

        foreach (byte one in bytes)
        {
            buffer = ((buffer << 8) | one) & 0xFFF;

            for (bits += 8; bits >= 5; bits -= 5)
            {
                text[at++] = Letters[(buffer >> (bits - 5)) & 31];
            }
        }

        if (bits > 0)
        {
            text[at] = Letters[(buffer << (5 - bits)) & 31];
        }

        return new string(text);
    }
}
