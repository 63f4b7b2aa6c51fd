using System.Buffers.Binary;

namespace Swarm.Node.Discovery.PortMapping.NatPmp;

/// <summary>What this node asks of a NAT-PMP gateway.</summary>
/// <remarks>
/// <code>
///  0               1               2               3
/// | version = 0   |    opcode     |           reserved            |   opcode 0 ends after two bytes
/// |        internal port          |    suggested external port    |
/// |                requested lifetime, seconds                    |
/// </code>
/// RFC 6886, sections 3.2 and 3.3.
/// </remarks>
internal static class NatPmpRequest
{
    public const byte AddressOpcode = 0;
    public const byte MapTcpOpcode = 2;
    private const int AddressBytes = 2;
    private const int MapBytes = 12;

    /// <summary>Asks for the gateway's external address.</summary>
    public static byte[] Address() => new byte[AddressBytes];

    /// <summary>Asks for a mapping, or renews it.</summary>
    public static byte[] Map(MappingRequest request, TimeSpan lifetime)
    {
        byte[] bytes = new byte[MapBytes];
        bytes[1] = MapTcpOpcode;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)request.InternalPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)request.ExternalPort);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)lifetime.TotalSeconds);
        return bytes;
    }

    /// <summary>Gives a mapping back: no lifetime, and here the external port must be 0 (section 3.4).</summary>
    public static byte[] Delete(int internalPort) => Map(new MappingRequest(internalPort, 0), TimeSpan.Zero);
}
