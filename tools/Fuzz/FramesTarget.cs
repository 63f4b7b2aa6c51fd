using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Wire;

namespace Swarm.Fuzz;

/// <summary>Frame headers: random, damaged and sound ones, each of them read.</summary>
internal sealed class FramesTarget : IFuzzTarget
{
    private const int Frames = 1024;

    private static readonly int[] Lengths =
    [
        0, 1, 4, 8, 16, WireLimits.FaultBytesMax, WireLimits.HelloBytesMax, WireLimits.HeaderBytesMax,
        WireLimits.HeaderBytesMax + 1, WireLimits.PayloadBytesMax, WireLimits.PayloadBytesMax + 1, int.MaxValue, -1,
        int.MinValue,
    ];

    public string Name => "frames";

    public int InputsPerCase => Frames;

    // A refusal has a text and a stack; nothing else is allocated.
    public long AllocatedBytesMax(int inputLength) => Frames * 4096L;

    public byte[] Make(Random random)
    {
        byte[] frames = new byte[Frames * FrameHeader.Size];

        for (int at = 0; at < frames.Length; at += FrameHeader.Size)
        {
            Write(random, frames.AsSpan(at, FrameHeader.Size));
        }

        return frames;
    }

    public void Read(byte[] input)
    {
        for (int at = 0; at + FrameHeader.Size <= input.Length; at += FrameHeader.Size)
        {
            try
            {
                Check(FrameHeader.Read(input.AsSpan(at)), input.AsSpan(at, FrameHeader.Size));
            }
            catch (ProtocolException)
            {
            }
        }
    }

    // What is read is within the limits, and it is what was written.
    private static void Check(FrameHeader frame, ReadOnlySpan<byte> bytes)
    {
        Span<byte> again = stackalloc byte[FrameHeader.Size];
        frame.Write(again);

        if (frame.Header is < 0 or > WireLimits.HeaderBytesMax
            || frame.Payload is < 0 or > WireLimits.PayloadBytesMax
            || frame.PayloadHere is < 0 or > WireLimits.FramePayloadBytesMax
            || !again.SequenceEqual(bytes))
        {
            throw new InvalidOperationException($"{frame} was read from {Convert.ToHexString(bytes)}.");
        }
    }

    // Mostly sound: a refusal costs a hundred times what an acceptance does, and one byte decides.
    private static void Write(Random random, Span<byte> frame)
    {
        var type = (FrameType)random.Next(1, 12);
        bool ofLink = type is FrameType.Hello or FrameType.Ping or FrameType.Pong or FrameType.GoAway
            or FrameType.Membership;
        int payload = type switch
        {
            FrameType.Data or FrameType.Message => random.Next(1, WireLimits.FramePayloadBytesMax + 1),
            FrameType.Ping or FrameType.Pong => WireLimits.PingBytes,
            FrameType.Window => sizeof(uint),
            FrameType.Membership => MembershipProof.EntryBytes,
            _ => 0,
        };
        int header = type is FrameType.Message or FrameType.Hello ? random.Next(1, WireLimits.HelloBytesMax) : 0;
        FrameFlags flags = type == FrameType.Message && random.Next(2) == 0 ? FrameFlags.Open : FrameFlags.None;
        new FrameHeader(type, flags, ofLink ? 0 : (uint)random.Next(1, 1 << 20), header, payload).Write(frame);

        switch (random.Next(8))
        {
            case 0:
                frame[random.Next(FrameHeader.Size)] = (byte)random.Next(256);
                break;
            case 1:
                int length = Lengths[random.Next(Lengths.Length)];
                _ = BitConverter.TryWriteBytes(frame[(random.Next(2) == 0 ? 8 : 12)..], length);
                break;
            case 2 when random.Next(4) == 0:
                random.NextBytes(frame);
                break;
            default:
                break;
        }
    }
}
