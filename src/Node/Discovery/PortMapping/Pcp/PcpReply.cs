using System.Buffers.Binary;

namespace Swarm.Node.Discovery.PortMapping.Pcp;

/// <summary>What a PCP server says.</summary>
/// <param name="Version">The server's; of another one only the result can be read.</param>
/// <param name="Opcode">What was asked.</param>
/// <param name="Result">Granted or not.</param>
/// <param name="Lifetime">Of the mapping, or of the refusal.</param>
/// <param name="Epoch">Seconds since the server lost its state.</param>
/// <param name="Map">The mapping it speaks of, or null.</param>
/// <remarks>
/// <code>
///  0               1               2               3
/// | version       |R|   opcode    |   reserved    |    result     |
/// |                    lifetime, seconds                          |
/// |                    epoch, seconds                             |
/// |                    reserved (96 bits)                         |
/// </code>
/// then for MAP as in <see cref="PcpRequest"/>, with what was assigned for what was suggested. RFC 6887, section 7.2. A
/// server that knows only NAT-PMP answers with version 0 and a result in the same place (RFC 6886, section 3.5).
/// </remarks>
internal sealed record PcpReply(
    int Version, PcpOpcode Opcode, PcpResult Result, TimeSpan Lifetime, uint Epoch, PcpMap? Map)
{
    private const int OtherVersionBytesMin = 8;
    private const byte ReplyBit = 0x80;

    /// <summary>Reads a datagram.</summary>
    /// <exception cref="GatewayException">It is no such answer.</exception>
    public static PcpReply Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < OtherVersionBytesMin or > PortMappingLimits.PcpBytesMax)
        {
            throw GatewayException.Malformed($"{bytes.Length} bytes");
        }

        if ((bytes[1] & ReplyBit) == 0)
        {
            throw GatewayException.Malformed("a request");
        }

        var opcode = (PcpOpcode)(bytes[1] & ~ReplyBit);
        var result = (PcpResult)bytes[3];

        if (bytes[0] != PcpRequest.Version)
        {
            return result is PcpResult.UnsupportedVersion
                ? new PcpReply(bytes[0], opcode, result, default, 0, null)
                : throw GatewayException.Malformed($"version {bytes[0]}");
        }

        if (bytes.Length < PcpRequest.HeaderBytes || bytes.Length % 4 != 0)
        {
            throw GatewayException.Malformed($"{bytes.Length} bytes");
        }

        return new PcpReply(
            bytes[0],
            opcode,
            result,
            TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..])),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            opcode is PcpOpcode.Map ? PcpMap.Parse(bytes[PcpRequest.HeaderBytes..]) : null);
    }
}
