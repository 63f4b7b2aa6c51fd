using System.Net;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>The router towards everywhere else, and this device's place on its network; both IPv4.</summary>
/// <param name="Address">The router's address here.</param>
/// <param name="Local">This device's address on the same network.</param>
/// <param name="PrefixLength">Of that network.</param>
internal sealed record Gateway(IPAddress Address, IPAddress Local, int PrefixLength)
{
    /// <summary>Whether an address is reached without a router in between.</summary>
    public bool IsOnLink(IPAddress address)
    {
        if (address.AddressFamily != Local.AddressFamily)
        {
            return false;
        }

        uint mask = PrefixLength <= 0 ? 0 : uint.MaxValue << (32 - Math.Min(PrefixLength, 32));
        return (Number(address) & mask) == (Number(Local) & mask);
    }

    private static uint Number(IPAddress address)
        => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
}
