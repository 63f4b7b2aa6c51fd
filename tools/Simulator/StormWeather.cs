using Swarm.Dht;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>What one seed has in store: how many nodes, on what network, with which clocks, and which faults strike.</summary>
internal sealed class StormWeather
{
    // Half of what two clocks may differ by, less what a crystal gains while the story lasts.
    private const double TolerableSeconds = 28;
    private const double DriftMax = 200e-6;

    private readonly Random _random;
    private readonly int _clocks;

    public StormWeather(SimulationLoop loop)
    {
        Random random = _random = new Random(loop.Random.Next());
        Nodes = random.Next(8, 19);
        Clients = random.Next(3);
        Dht = random.Next(2) == 0 ? DhtSwarm.Narrow : new DhtOptions();
        _clocks = random.Next(3);
        Network = new SimulatedNetworkOptions
        {
            StallRate = random.Next(2) * 0.02,
            DialFailureRate = random.Next(2) * 0.05,
            JitterMean = TimeSpan.FromMilliseconds(random.Next(2) == 0 ? 2 : 20),
            BytesPerSecond = random.Next(3) == 0 ? 100_000 : 0,
            HostsPerNetwork = random.Next(4) == 0 ? 3 : 0,
        };
        Strikes = [.. Enum.GetValues<Strike>().Where(_ => random.Next(2) == 0)];

        if (Strikes.Count == 0)
        {
            Strikes = [.. Enum.GetValues<Strike>()];
        }
    }

    public int Nodes { get; }

    public int Clients { get; }

    public DhtOptions Dht { get; }

    public SimulatedNetworkOptions Network { get; }

    /// <summary>The faults that this seed knows.</summary>
    public IReadOnlyList<Strike> Strikes { get; }

    /// <summary>The clock of the next node.</summary>
    public SkewedClock NewClock(SimulationLoop loop)
    {
        double seconds = ((2 * _random.NextDouble()) - 1) * TolerableSeconds;
        double drift = ((2 * _random.NextDouble()) - 1) * DriftMax;
        bool beyond = _clocks == 2 && _random.Next(5) == 0;
        double far = (_random.Next(2) == 0 ? 1 : -1) * (100 + (200 * _random.NextDouble()));

        return _clocks == 0
            ? new SkewedClock(loop.Clock, TimeSpan.Zero)
            : new SkewedClock(loop.Clock, TimeSpan.FromSeconds(beyond ? far : seconds), drift);
    }

    /// <summary>What goes wrong in one moment.</summary>
    internal enum Strike
    {
        Kill,
        Vanish,
        Revive,
        Freeze,
        Hide,
        Refuse,
        Slow,
        OneWay,
        Halves,
        Isolate,
        Reset,
        ClockJump,
        Withdraw,
    }
}
