using System.Buffers.Binary;

namespace Swarm.Fuzz;

/// <summary>
/// A reader of packets. A case holds many, each behind its length, so that the book-keeping around a case costs little.
/// </summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="sound">Sound packets, which are damaged; noise comes besides.</param>
internal abstract class PacketTarget(string name, params IReadOnlyList<byte[]> sound) : IFuzzTarget
{
    private const int Packets = 256;
    private const int NoiseBytesMax = 256;

    private readonly byte[] _room = new byte[
        Packets * (sizeof(int) + Math.Max(NoiseBytesMax, sound.Max(packet => packet.Length) + Mutations.GrowthMax))];

    public string Name => name;

    public int InputsPerCase => Packets;

    /// <summary>Bytes that reading one packet may allocate: so many, and so many times its length.</summary>
    protected abstract (int Bytes, int Times) Allowed { get; }

    public long AllocatedBytesMax(int inputLength)
        => ((long)Packets * Allowed.Bytes) + ((long)Allowed.Times * inputLength);

    public byte[] Make(Random random)
    {
        int at = 0;

        for (int packet = 0; packet < Packets; packet++)
        {
            Span<byte> room = _room.AsSpan(at + sizeof(int));
            int length = Fill(random, room);
            BinaryPrimitives.WriteInt32LittleEndian(_room.AsSpan(at), length);
            at += sizeof(int) + length;
        }

        return _room[..at];
    }

    public void Read(byte[] input)
    {
        for (int at = 0; at + sizeof(int) <= input.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(input.AsSpan(at));
            at += sizeof(int);
            length = Math.Clamp(length, 0, input.Length - at);
            ReadPacket(input.AsSpan(at, length));
            at += length;
        }
    }

    /// <summary>Reads one packet; throws what reading it must not.</summary>
    protected abstract void ReadPacket(ReadOnlySpan<byte> packet);

    private int Fill(Random random, Span<byte> room)
    {
        if (random.Next(16) == 0)
        {
            int length = random.Next(NoiseBytesMax);
            random.NextBytes(room[..length]);
            return length;
        }

        byte[] packet = sound[random.Next(sound.Count)];
        packet.CopyTo(room);
        room = room[..Math.Max(NoiseBytesMax, packet.Length + Mutations.GrowthMax)];
        return random.Next(16) == 0 ? packet.Length : Mutations.InPlace(random, room, packet.Length);
    }
}
