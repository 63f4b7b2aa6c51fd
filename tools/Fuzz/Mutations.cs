using System.Buffers.Binary;

namespace Swarm.Fuzz;

/// <summary>Small damages, as bad disks and bad people do them.</summary>
internal static class Mutations
{
    private static readonly ulong[] Hostile =
    [
        0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 65_537, 1 << 20, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF, 0x1_0000_0000, 1ul << 40, 1ul << 48, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, ulong.MaxValue,
        ulong.MaxValue - 31,
    ];

    /// <summary>A damaged copy.</summary>
    public static byte[] Of(Random random, ReadOnlySpan<byte> original)
    {
        byte[] bytes = original.ToArray();

        for (int damages = random.Next(1, 5); damages > 0; damages--)
        {
            bytes = Once(random, bytes);
        }

        return bytes;
    }

    private static byte[] Once(Random random, byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        int at = random.Next(bytes.Length);
        int length = Math.Min(random.Next(1, 65), bytes.Length - at);

        switch (random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 5:
                byte[] noise = new byte[length];
                random.NextBytes(noise);
                return [.. bytes[..at], .. noise, .. bytes[at..]];
            case 6:
                int from = random.Next(bytes.Length - length + 1);
                bytes.AsSpan(from, length).CopyTo(bytes.AsSpan(at));
                return bytes;
            default:
                return Overwrite(random, bytes, at);
        }
    }

    /// <summary>A number where a length, a count, a type or an id may stand.</summary>
    private static byte[] Overwrite(Random random, byte[] bytes, int at)
    {
        ulong value = Hostile[random.Next(Hostile.Length)];
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        int size = Math.Min(random.Next(2) == 0 ? 4 : 8, bytes.Length - at);
        number[..size].CopyTo(bytes.AsSpan(at));
        return bytes;
    }
}
