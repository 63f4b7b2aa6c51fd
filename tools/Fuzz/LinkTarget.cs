using System.Buffers.Binary;
using Google.Protobuf;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Fuzz;

/// <summary>What a peer may say on a link, frame by frame in any order, to the real link and its streams.</summary>
internal sealed class LinkTarget : IFuzzTarget
{
    private const int Scripts = 32;
    private const int FramesPerScript = 16;
    private const int PayloadBytesMax = 2000;

    private static readonly byte[] Header = new Envelope { ModelPart = new ModelPart { Offset = 1 } }.ToByteArray();

    private static readonly NodeId Peer = NodeId.Read(Enumerable.Range(0, NodeId.Size).Select(i => (byte)i).ToArray());

    private static readonly Hello Hello = Hellos.Create(SwarmId.FromName("fuzz"), 1, "fuzz", "fuzz", server: true);

    public string Name => "link";

    public int InputsPerCase => Scripts * FramesPerScript;

    // A link has a buffer of 16 KiB and some queues; its streams hold what they were sent.
    public long AllocatedBytesMax(int inputLength) => (Scripts * 128L * 1024) + (16L * inputLength);

    public byte[] Make(Random random) => Chunks.Join(Enumerable.Range(0, Scripts).Select(_ => Script(random)));

    public void Read(byte[] input)
    {
        foreach (byte[] script in Chunks.Split(input))
        {
            Play(script);
        }
    }

    // All of it happens here and now: the bytes are there, and nobody waits for a clock.
    private static void Play(byte[] script)
    {
        using var stream = new ScriptStream(script);
        var connection = new LinkConnection(new ScriptBearer(stream), stream, new FrameReader(stream, FrozenTime.Now));
        var link = Link.Start(connection, Peer, Hello, dials: false, FrozenTime.Now);

        if (link.WhyClosed is null)
        {
            throw new InvalidOperationException("The link is open although its peer has hung up: its reader has died.");
        }

        TakeStreams(link);
        link.Sever();

        if (link.OpenStreams > 0 || !link.Gone.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("The link is closed and something of it is left.");
        }
    }

    // What had arrived when the link closed can still be read.
    private static void TakeStreams(Link link)
    {
        try
        {
            while (true)
            {
                ILinkStream stream = Done(link.AcceptAsync(default));
                TakeMessages(stream);
                _ = Done(stream.DisposeAsync());
            }
        }
        catch (LinkClosedException)
        {
        }
    }

    private static void TakeMessages(ILinkStream stream)
    {
        try
        {
            while (Done(stream.ReceiveAsync(default)) is not null)
            {
                if (stream.PayloadLength <= FramesPerScript * PayloadBytesMax)
                {
                    _ = Done(stream.ReadPayloadAsync(new byte[stream.PayloadLength], default));
                }
            }
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
        }
    }

    private static T Done<T>(ValueTask<T> task)
        => task.IsCompleted ? task.GetAwaiter().GetResult() : throw Hangs();

    private static bool Done(ValueTask task)
    {
        if (!task.IsCompleted)
        {
            throw Hangs();
        }

        task.GetAwaiter().GetResult();
        return true;
    }

    private static InvalidOperationException Hangs() => new("Somebody waits for a link that is closed.");

    private static byte[] Script(Random random)
    {
        byte[][] frames = [.. Enumerable.Range(0, FramesPerScript).Select(_ => Frame(random))];
        byte[] script = [.. frames.SelectMany(frame => frame)];
        return random.Next(3) == 0 ? Mutations.Of(random, script) : script;
    }

    private static byte[] Frame(Random random)
    {
        uint stream = (uint)random.Next(1, 8);

        return random.Next(12) switch
        {
            0 or 1 or 2 => Frame(FrameType.Message, stream, FrameFlags.Open, Header, random.Next(PayloadBytesMax)),
            3 or 4 => Frame(FrameType.Message, stream, 0, Header, random.Next(PayloadBytesMax)),
            5 => Frame(
                FrameType.Message,
                stream,
                FrameFlags.Open,
                Header,
                0,
                announces: WireLimits.FramePayloadBytesMax + random.Next(1, 2 * PayloadBytesMax)),
            6 => Frame(FrameType.Data, stream, 0, [], random.Next(1, PayloadBytesMax)),
            7 => Frame(FrameType.End, stream, 0, [], 0),
            8 => Frame(FrameType.Window, stream, 0, [], sizeof(uint)),
            9 => Frame(FrameType.Reset, stream, 0, [8, 5], 0),
            10 => Frame(random.Next(2) == 0 ? FrameType.Ping : FrameType.Pong, 0, 0, [], WireLimits.PingBytes),
            _ => Frame((FrameType)random.Next(256), stream, FrameFlags.MayIgnore, Header, random.Next(64)),
        };
    }

    private static byte[] Frame(
        FrameType type, uint stream, FrameFlags flags, byte[] header, int payload, int? announces = null)
    {
        byte[] frame = new byte[FrameHeader.Size + header.Length + payload];
        new FrameHeader(type, flags, stream, header.Length, announces ?? payload).Write(frame);
        header.CopyTo(frame, FrameHeader.Size);

        if (type == FrameType.Window)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(FrameHeader.Size), 4096);
        }

        return frame;
    }
}
