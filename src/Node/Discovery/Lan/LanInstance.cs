using Swarm.Node.Discovery.Lan.Wire;

namespace Swarm.Node.Discovery.Lan;

/// <summary>What is known of one announced node.</summary>
internal sealed class LanInstance(DnsName name, CachedRecord pointer, TimeSpan resolveDue)
{
    // The first question for missing parts, and two more.
    private const int ResolvesMax = 3;

    private int _resolves;

    public DnsName Name { get; } = name;

    /// <summary>That it exists.</summary>
    public CachedRecord Pointer { get; set; } = pointer;

    /// <summary>Its device and port.</summary>
    public CachedRecord? Service
    {
        get;
        set
        {
            field = value;
            DnsName? host = null;
            ushort port = 0;
            _ = value?.Record.TryReadService(out host, out port);
            (Host, Port) = (host, port);
        }
    }

    /// <summary>Its node and swarm.</summary>
    public CachedRecord? Text
    {
        get;
        set
        {
            field = value;
            Claim = value is not null && LanText.TryRead(value.Record, out LanText claim) ? claim : null;
        }
    }

    /// <summary>The device of <see cref="Service"/>.</summary>
    public DnsName? Host { get; private set; }

    /// <summary>The port of <see cref="Service"/>.</summary>
    public ushort Port { get; private set; }

    /// <summary>What <see cref="Text"/> says.</summary>
    public LanText? Claim { get; private set; }

    /// <summary>Whether it was told of.</summary>
    public bool IsTold { get; set; }

    /// <summary>When to ask for what is missing; null when that is given up.</summary>
    public TimeSpan? ResolveDue { get; private set; } = resolveDue;

    /// <summary>What is missing was asked for.</summary>
    public void Resolving(TimeSpan now)
        => ResolveDue = ++_resolves < ResolvesMax ? now + (LanTimes.QueryMin * (1 << _resolves)) : null;
}
