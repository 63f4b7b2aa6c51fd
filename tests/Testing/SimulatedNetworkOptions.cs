using Swarm.Protocol.Transport;

namespace Swarm.Testing;

/// <summary>The weather of a <see cref="SimulatedNetwork"/>.</summary>
public sealed record SimulatedNetworkOptions
{
    /// <summary>The least one-way time.</summary>
    public TimeSpan WayMin { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>What a way of length 1 in the unit square adds.</summary>
    public TimeSpan WaySpread { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>The mean of the chance part, exponentially distributed.</summary>
    public TimeSpan JitterMean { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Bytes a second and path; 0 for no limit.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>How many messages are held up by a retransmission.</summary>
    public double StallRate { get; init; }

    public TimeSpan StallMin { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan StallMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How many dials fail, half of them without an answer.</summary>
    public double DialFailureRate { get; init; }

    /// <summary>Nodes that share a public /24 network; 0 gives each an address of a private one, which counts for none.</summary>
    public int HostsPerNetwork { get; init; }

    /// <summary>Whether messages are handed over without a copy: see <see cref="MemoryNetwork.HandsOver"/>.</summary>
    public bool HandsOver { get; init; }
}
