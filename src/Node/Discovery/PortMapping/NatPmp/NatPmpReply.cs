using System.Buffers.Binary;
using System.Net;

namespace Swarm.Node.Discovery.PortMapping.NatPmp;

/// <summary>What a NAT-PMP gateway says.</summary>
/// <param name="Opcode">What was asked.</param>
/// <param name="Result">Granted or not.</param>
/// <param name="Epoch">Seconds since the gateway lost its state.</param>
/// <param name="Address">To the first question: the external address.</param>
/// <param name="InternalPort">To the second: the port here.</param>
/// <param name="ExternalPort">The port there.</param>
/// <param name="Lifetime">Of the mapping.</param>
/// <remarks>
/// <code>
///  0               1               2               3
/// | version = 0   | 128 + opcode  |            result             |
/// |                    epoch, seconds                             |
/// |    external address, or internal port and external port       |
/// |                    lifetime, seconds                          |
/// </code>
/// RFC 6886, sections 3.2 and 3.3; a refusal may end after the epoch.
/// </remarks>
internal sealed record NatPmpReply(
    int Opcode,
    NatPmpResult Result,
    uint Epoch,
    IPAddress Address,
    int InternalPort,
    int ExternalPort,
    TimeSpan Lifetime)
{
    private const int RefusalBytes = 8;
    private const int AddressBytes = 12;
    private const int MapBytes = 16;
    private const int ReplyBit = 0x80;

    /// <summary>Reads a datagram.</summary>
    /// <exception cref="GatewayException">It is no such answer.</exception>
    public static NatPmpReply Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < RefusalBytes || bytes[0] != 0 || (bytes[1] & ReplyBit) == 0)
        {
            throw GatewayException.Malformed("no answer of NAT-PMP");
        }

        int opcode = bytes[1] & ~ReplyBit;
        var result = (NatPmpResult)BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        uint epoch = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        int expected = opcode is NatPmpRequest.MapTcpOpcode ? MapBytes : AddressBytes;
        bool isRefusal = result is not NatPmpResult.Success;

        if (bytes.Length != expected && !(isRefusal && bytes.Length is RefusalBytes))
        {
            throw GatewayException.Malformed($"{bytes.Length} bytes");
        }

        bool isMap = bytes.Length is MapBytes;
        return new NatPmpReply(
            opcode,
            result,
            epoch,
            bytes.Length is AddressBytes ? new IPAddress(bytes[8..12]) : IPAddress.Any,
            isMap ? BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]) : 0,
            isMap ? BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]) : 0,
            isMap ? TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..])) : TimeSpan.Zero);
    }
}
