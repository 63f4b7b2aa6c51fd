using System.Buffers.Binary;
using System.Net;

namespace Swarm.Node.Discovery.PortMapping.Pcp;

/// <summary>What this node asks of a PCP server.</summary>
/// <remarks>
/// <code>
///  0               1               2               3
/// | version = 2   |R|   opcode    |            reserved           |
/// |                requested lifetime, seconds                    |
/// |            this device's address (128 bits)                   |
/// |            mapping nonce (96 bits)                      MAP   |
/// | protocol = 6  |          reserved                             |
/// |        internal port          |    suggested external port    |
/// |            suggested external address (128 bits)              |
/// | option = 2    |   reserved    |         length = 0            |
/// </code>
/// RFC 6887, sections 7.1, 11.1 and 13.2. The option PREFER_FAILURE asks for this external port or none: a server that
/// looks for another by itself may look through all of them.
/// </remarks>
internal static class PcpRequest
{
    public const byte Version = 2;
    public const byte Tcp = 6;
    public const int HeaderBytes = 24;
    public const int MapBytes = 60;
    public const int NonceBytes = 12;
    private const int OptionBytes = 4;
    private const byte PreferFailure = 2;

    /// <summary>Asks for nothing: the answer says that the server lives, and since when.</summary>
    public static byte[] Announce(IPAddress local) => Header(HeaderBytes, PcpOpcode.Announce, TimeSpan.Zero, local);

    /// <summary>Asks for a mapping, or renews it.</summary>
    public static byte[] Map(
        IPAddress local, ReadOnlySpan<byte> nonce, MappingRequest request, TimeSpan lifetime, bool prefersFailure)
    {
        byte[] bytes = Header(MapBytes + (prefersFailure ? OptionBytes : 0), PcpOpcode.Map, lifetime, local);
        Body(bytes, nonce, request.InternalPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(42), (ushort)request.ExternalPort);
        Write(bytes.AsSpan(44, 16), request.ExternalAddress ?? IPAddress.Any);

        if (prefersFailure)
        {
            bytes[MapBytes] = PreferFailure;
        }

        return bytes;
    }

    /// <summary>Gives the mapping of an internal port back.</summary>
    public static byte[] Delete(IPAddress local, ReadOnlySpan<byte> nonce, int internalPort)
    {
        byte[] bytes = Header(MapBytes, PcpOpcode.Map, TimeSpan.Zero, local);
        Body(bytes, nonce, internalPort);
        Write(bytes.AsSpan(44, 16), IPAddress.Any);
        return bytes;
    }

    private static byte[] Header(int length, PcpOpcode opcode, TimeSpan lifetime, IPAddress local)
    {
        byte[] bytes = new byte[length];
        bytes[0] = Version;
        bytes[1] = (byte)opcode;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)lifetime.TotalSeconds);
        Write(bytes.AsSpan(8, 16), local);
        return bytes;
    }

    private static void Body(byte[] bytes, ReadOnlySpan<byte> nonce, int internalPort)
    {
        nonce.CopyTo(bytes.AsSpan(HeaderBytes, NonceBytes));
        bytes[36] = Tcp;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(40), (ushort)internalPort);
    }

    private static void Write(Span<byte> field, IPAddress address)
        => _ = address.MapToIPv6().TryWriteBytes(field, out _);
}
