using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>Base58 with the Bitcoin alphabet: the text form of a libp2p PeerId.</summary>
internal static class Base58
{
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    internal static string Encode(ReadOnlySpan<byte> bytes)
    {
        var value = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        var text = new StringBuilder();

        while (value > 0)
        {
            value = BigInteger.DivRem(value, 58, out BigInteger digit);
            _ = text.Insert(0, Alphabet[(int)digit]);
        }

        int zeros = bytes.IndexOfAnyExcept((byte)0);
        return text.Insert(0, new string('1', zeros < 0 ? bytes.Length : zeros)).ToString();
    }

    internal static bool TryDecode(string text, int size, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var value = BigInteger.Zero;

        if (text.Length > size * 2)
        {
            return false;
        }

        foreach (char letter in text)
        {
            int digit = Alphabet.IndexOf(letter, StringComparison.Ordinal);

            if (digit < 0)
            {
                return false;
            }

            value = (value * 58) + digit;
        }

        if (value.GetByteCount(isUnsigned: true) > size)
        {
            return false;
        }

        bytes = new byte[size];
        byte[] digits = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, size - digits.Length);
        return Encode(bytes) == text;
    }
}
