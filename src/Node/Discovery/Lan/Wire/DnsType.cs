namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>The record types that service discovery uses (RFC 1035, 2782, 3596); others are passed over.</summary>
internal enum DnsType : ushort
{
    None = 0,
    A = 1,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Any = 255,
}
