using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>What a node announces of itself.</summary>
/// <param name="Node">The node.</param>
/// <param name="Swarm">Its swarm.</param>
/// <param name="Listen">Where it listens: any address, or one.</param>
internal sealed record LanService(NodeId Node, SwarmId Swarm, IPEndPoint Listen)
{
    /// <summary>Where neighbours on an interface can dial the node; none where it does not listen.</summary>
    public IReadOnlyList<IPAddress> AddressesOn(LanInterface at)
        => [.. at.Networks
            .Select(network => network.Address)
            .Where(ListensAt)
            .OrderBy(address => address.IsIPv6LinkLocal)
            .Take(LanLimits.AddressesMax)];

    /// <summary>Everything neighbours on an interface may know, under a label.</summary>
    public IReadOnlyList<DnsRecord> Records(string label, LanInterface at)
    {
        DnsName instance = LanNames.Instance(label);
        DnsName host = LanNames.Host(label);

        return
        [
            DnsRecord.Pointer(LanNames.Service, instance, LanTimes.ServiceTtlSeconds),
            DnsRecord.Pointer(LanNames.Subtype(Swarm), instance, LanTimes.ServiceTtlSeconds),
            DnsRecord.Pointer(LanNames.Services, LanNames.Service, LanTimes.ServiceTtlSeconds),
            DnsRecord.Service(instance, host, (ushort)Listen.Port, LanTimes.HostTtlSeconds),
            new DnsRecord(
                instance,
                DnsType.Txt,
                new LanText(Node, Swarm).Write(),
                LanTimes.ServiceTtlSeconds,
                IsUnique: true),
            .. AddressesOn(at).Select(address => DnsRecord.Address(host, address, LanTimes.HostTtlSeconds)),
        ];
    }

    private bool ListensAt(IPAddress address)
        => Listen.Address.Equals(IPAddress.IPv6Any)
            || (Listen.Address.Equals(IPAddress.Any) && address.AddressFamily == AddressFamily.InterNetwork)
            || Listen.Address.Equals(address);
}
