using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>
/// A real link whose peer is the test, which writes what it likes. The peer is the side that dialled.
/// </summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Socket _links;
    private readonly FrameReader _reader;

    private RawPeer(Socket own, Socket links, TimeProvider time)
    {
        _socket = own;
        _links = links;
        var stream = new NetworkStream(links, ownsSocket: true);
        var connection = new LinkConnection(new SocketBearer(links), stream, new FrameReader(stream, time));
        _reader = connection.Reader;
        Link = Link.Start(connection, TestIdentity.Node(1), TestIdentity.Hello("test"), dials: false, time);
        Reader = new FrameReader(new NetworkStream(own), TimeProvider.System);
    }

    public Link Link { get; }

    public FrameReader Reader { get; }

    /// <summary>Whether the link is within a frame, or has bytes to read.</summary>
    public bool Began => _reader.FrameBegan != 0 || (Link.WhyClosed is null && _links.Available > 0);

    /// <summary>Whether the link is within a frame and has read all that has come of it.</summary>
    public bool HasRead => _reader.FrameBegan != 0 && Link.WhyClosed is null && _links.Available == 0;

    public static async Task<RawPeer> ConnectAsync(TimeProvider time)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var own = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await own.ConnectAsync(listener.LocalEndPoint!);
        Socket links = await listener.AcceptAsync();
        links.NoDelay = true;
        return new RawPeer(own, links, time);
    }

    /// <summary>Writes these; cancelled once the link is closed, since it may then read no more.</summary>
    public async Task SendAsync(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
        {
            _ = await _socket.SendAsync(frame, Link.Closed);
        }
    }

    /// <summary>Reads frames until one of this type; null when the link closes before.</summary>
    public async Task<(FrameHeader Header, byte[] Body)?> ReadUntilAsync(FrameType type)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        try
        {
            while (await Reader.NextAsync(patience.Token) is { } frame)
            {
                byte[] body = new byte[frame.Header + frame.PayloadHere];
                await Reader.ReadAsync(body, patience.Token);

                if (frame.Type == type)
                {
                    return (frame, body);
                }
            }
        }
        catch (IOException)
        {
            // Closed.
        }

        return null;
    }

    public static byte[] Frame(
        FrameType type,
        uint stream,
        FrameFlags flags = 0,
        byte[]? header = null,
        byte[]? payload = null,
        int? announces = null)
    {
        byte[] frame = [.. new byte[FrameHeader.Size], .. header ?? [], .. payload ?? []];
        new FrameHeader(type, flags, stream, header?.Length ?? 0, announces ?? payload?.Length ?? 0).Write(frame);
        return frame;
    }

    public static byte[] Message(uint stream, bool opens = true, int payload = 0, int? announces = null) => Frame(
        FrameType.Message,
        stream,
        opens ? FrameFlags.Open : 0,
        new Envelope { ModelPart = new ModelPart { Offset = 1 } }.ToByteArray(),
        new byte[payload],
        announces);

    public async ValueTask DisposeAsync()
    {
        Link.Abort(FaultCode.Leaving, "The test is over.");
        _socket.Dispose();
        Link.Sever();
        await Link.Gone;
    }
}
