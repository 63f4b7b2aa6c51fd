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

    /// <summary>How much longer a damage may make what it damages.</summary>
    public const int GrowthMax = 64;

    private const int DamagesMax = 4;

    /// <summary>A damaged copy.</summary>
    public static byte[] Of(Random random, ReadOnlySpan<byte> original)
    {
        byte[] room = new byte[original.Length + (DamagesMax * GrowthMax)];
        original.CopyTo(room);
        return room[..InPlace(random, room, original.Length)];
    }

    /// <summary>Damages the first bytes of a room, which may come to fill all of it; how many they are then.</summary>
    public static int InPlace(Random random, Span<byte> room, int length)
    {
        for (int damages = random.Next(1, DamagesMax + 1); damages > 0; damages--)
        {
            length = Once(random, room, length);
        }

        return length;
    }

    private static int Once(Random random, Span<byte> room, int length)
    {
        if (length == 0)
        {
            room[0] = (byte)random.Next(256);
            return 1;
        }

        int at = random.Next(length);
        int part = Math.Min(random.Next(1, GrowthMax + 1), length - at);
        Span<byte> here = room[at..];

        switch (random.Next(8))
        {
            case 0:
                here[0] ^= (byte)(1 << random.Next(8));
                return length;
            case 1:
                here[0] = (byte)random.Next(256);
                return length;
            case 2:
                return at;
            case 3:
                room[(at + part)..length].CopyTo(here);
                return length - part;
            case 4 when length + part <= room.Length:
                room[at..length].CopyTo(here[part..]);
                return length + part;
            case 5 when length + part <= room.Length:
                room[at..length].CopyTo(here[part..]);
                random.NextBytes(here[..part]);
                return length + part;
            case 6:
                room.Slice(random.Next(length - part + 1), part).CopyTo(here);
                return length;
            default:
                Overwrite(random, here[..(length - at)]);
                return length;
        }
    }

    /// <summary>A number where a length, a count, a type or an id may stand.</summary>
    private static void Overwrite(Random random, Span<byte> here)
    {
        ulong value = Hostile[random.Next(Hostile.Length)];
        Span<byte> number = stackalloc byte[8];

        // Files are little-endian; most of the network is not.
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(number, value);
            number = number[(random.Next(2) == 0 ? 4 : 6)..];
        }

        int size = Math.Min(random.Next(2) == 0 ? 4 : 8, Math.Min(number.Length, here.Length));
        number[..size].CopyTo(here);
    }
}
