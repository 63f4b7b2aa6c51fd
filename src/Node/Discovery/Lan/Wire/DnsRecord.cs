using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>One resource record of class IN.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Type">How to read <paramref name="Content"/>.</param>
/// <param name="Content">Its RDATA; names in it are uncompressed.</param>
/// <param name="TtlSeconds">How long it may be believed; 0 takes it back.</param>
/// <param name="IsUnique">
/// The cache-flush bit: there is no other record of this name and type than those sent with it.
/// </param>
internal sealed record DnsRecord(
    DnsName Name, DnsType Type, ReadOnlyMemory<byte> Content, uint TtlSeconds, bool IsUnique)
{
    /// <summary>Priority, weight and port of an SRV record come before its target.</summary>
    public const int SrvFixedBytes = 6;

    /// <summary>Whether it takes the record back.</summary>
    public bool IsGoodbye => TtlSeconds == 0;

    /// <summary>A pointer from a service to one of its instances.</summary>
    public static DnsRecord Pointer(DnsName name, DnsName target, uint ttlSeconds)
        => new(name, DnsType.Ptr, target.Wire.ToArray(), ttlSeconds, IsUnique: false);

    /// <summary>Where an instance listens.</summary>
    public static DnsRecord Service(DnsName name, DnsName host, ushort port, uint ttlSeconds)
    {
        byte[] content = new byte[SrvFixedBytes + host.Wire.Length];
        BinaryPrimitives.WriteUInt16BigEndian(content.AsSpan(4), port);
        host.Wire.CopyTo(content.AsSpan(SrvFixedBytes));
        return new DnsRecord(name, DnsType.Srv, content, ttlSeconds, IsUnique: true);
    }

    /// <summary>An address of a host.</summary>
    public static DnsRecord Address(DnsName host, IPAddress address, uint ttlSeconds)
    {
        byte[] content = address.GetAddressBytes();
        return new DnsRecord(
            host, content.Length == 4 ? DnsType.A : DnsType.Aaaa, content, ttlSeconds, IsUnique: true);
    }

    /// <summary>The target of a PTR record.</summary>
    public bool TryReadPointer([NotNullWhen(true)] out DnsName? target)
    {
        target = null;
        return Type == DnsType.Ptr && DnsName.TryRead(Content.Span, out target);
    }

    /// <summary>The target of an SRV record.</summary>
    public bool TryReadService([NotNullWhen(true)] out DnsName? host, out ushort port)
    {
        host = null;
        port = 0;

        if (Type != DnsType.Srv || !DnsName.TryRead(Content.Span[SrvFixedBytes..], out host))
        {
            return false;
        }

        port = BinaryPrimitives.ReadUInt16BigEndian(Content.Span[4..]);
        return port > 0;
    }

    /// <summary>The address of an A or AAAA record.</summary>
    public bool TryReadAddress([NotNullWhen(true)] out IPAddress? address)
    {
        address = Type is DnsType.A or DnsType.Aaaa ? new IPAddress(Content.Span) : null;
        return address is not null;
    }

    /// <summary>Whether both say the same of the same thing, for whatever time.</summary>
    public bool IsSameAs(DnsRecord other)
    {
        if (Type != other.Type || !Name.Equals(other.Name))
        {
            return false;
        }

        return TryReadPointer(out DnsName? mine) && other.TryReadPointer(out DnsName? theirs)
            ? mine.Equals(theirs)
            : Content.Span.SequenceEqual(other.Content.Span);
    }
}
