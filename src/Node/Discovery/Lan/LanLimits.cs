namespace Swarm.Node.Discovery.Lan;

/// <summary>Every bound on what neighbours may cost a node, in one place, each with its reason.</summary>
internal static class LanLimits
{
    /// <summary>256 instances remembered: far more than one home or office network has.</summary>
    public const int InstancesMax = 256;

    /// <summary>4 addresses of an instance: two networks, each with IPv4 and IPv6.</summary>
    public const int AddressesMax = 4;

    /// <summary>512 bytes of a text record; ours has 120.</summary>
    public const int TextBytesMax = 512;

    /// <summary>200 packets a second and interface, after a burst of twice as many; more are not read.</summary>
    public const int PacketsPerSecondMax = 200;

    /// <summary>20 unicast answers a second and interface: little to aim at a third by a forged question.</summary>
    public const int UnicastAnswersPerSecondMax = 20;

    /// <summary>16 interfaces, each with IPv4 and IPv6.</summary>
    public const int InterfacesMax = 16;

    /// <summary>What was found is dialled at most once in this time …</summary>
    public static readonly TimeSpan DialInterval = TimeSpan.FromSeconds(5);

    /// <summary>… and, after failures, ever more rarely, down to this.</summary>
    public static readonly TimeSpan DialIntervalMax = TimeSpan.FromMinutes(5);

    /// <summary>4 dials a second, whatever is announced …</summary>
    public const int DialsPerSecondMax = 4;

    /// <summary>… after a first burst of 16.</summary>
    public const int DialsBurstMax = 16;

    /// <summary>8 dials at a time: addresses that swallow packets hold each up for seconds.</summary>
    public const int DialsAtOnceMax = 8;
}
