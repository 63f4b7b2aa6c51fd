using System.Net;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.Lan;

/// <summary>A network interface as discovery sees it.</summary>
/// <param name="Index">Its number in the system.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Networks">Its addresses, each with the length of its network's prefix.</param>
internal sealed record LanInterface(
    int Index, string Name, IReadOnlyList<(IPAddress Address, int PrefixLength)> Networks)
{
    /// <summary>Whether it speaks IPv4 or IPv6.</summary>
    public bool Has(AddressFamily family) => Networks.Any(network => network.Address.AddressFamily == family);

    /// <summary>
    /// Whether an address is a neighbour here. Whoever is not cannot have sent us multicast of this network, and is no
    /// address that a neighbour may have us dial.
    /// </summary>
    public bool IsOnLink(IPAddress address)
        => address.IsIPv6LinkLocal
            ? address.ScopeId == 0 || address.ScopeId == Index
            : Networks.Any(network => IsWithin(address, network.Address, network.PrefixLength));

    /// <summary>Whether both are the same interface with the same addresses.</summary>
    public bool IsSameAs(LanInterface other)
        => Index == other.Index && Name == other.Name && Networks.SequenceEqual(other.Networks);

    private static bool IsWithin(IPAddress address, IPAddress network, int prefixLength)
    {
        if (address.AddressFamily != network.AddressFamily || prefixLength == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> left = address.GetAddressBytes();
        ReadOnlySpan<byte> right = network.GetAddressBytes();

        for (int bit = 0; bit < prefixLength; bit++)
        {
            if (((left[bit / 8] ^ right[bit / 8]) >> (7 - (bit % 8)) & 1) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
