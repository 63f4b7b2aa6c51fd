using System.Buffers.Binary;
using System.Net;

namespace Swarm.Node.Discovery.PortMapping.Pcp;

/// <summary>The mapping in an answer to MAP.</summary>
/// <param name="Nonce">As in the request: only who saw that knows it.</param>
/// <param name="Protocol">6 for TCP.</param>
/// <param name="InternalPort">The port here.</param>
/// <param name="External">What was assigned; in a refusal, what had been suggested.</param>
internal sealed record PcpMap(UInt128 Nonce, int Protocol, int InternalPort, IPEndPoint External)
{
    private const int Bytes = PcpRequest.MapBytes - PcpRequest.HeaderBytes;

    /// <summary>The twelve bytes as a number.</summary>
    public static UInt128 ReadNonce(ReadOnlySpan<byte> bytes)
        => new(BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]));

    /// <summary>Reads what follows the header.</summary>
    /// <exception cref="GatewayException">It is too short.</exception>
    public static PcpMap Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes)
        {
            throw GatewayException.Malformed($"a mapping of {bytes.Length} bytes");
        }

        var address = new IPAddress(bytes[20..36]);

        return new PcpMap(
            ReadNonce(bytes),
            bytes[12],
            BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]),
            new IPEndPoint(
                address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
                BinaryPrimitives.ReadUInt16BigEndian(bytes[18..])));
    }
}
