using System.Globalization;

namespace Swarm.Simulator;

/// <summary>What to simulate.</summary>
public sealed record SimulatorOptions
{
    public const string Usage = """
            --case NAME        one of the cases below, or all (churn)
            --nodes N          how many nodes there are all the time (1000); the case seeds draws them
            --minutes M        how long to watch, in the swarm's own time (10)
            --churn H          the half-life of a node in minutes, 0 for nobody leaves (60)
            --round-trip MS    the mean round trip between two nodes, in ms (90)
            --loss P           messages held up by a retransmission, in percent (0)
            --adversaries P    nodes that lie together, in percent (0)
            --lookups N        lookups to check (1000)
            --retrievals N     retrievals to check (as many as lookups)
            --publish          every node keeps a span of 16 blocks published
            --seed S           one seed, one history (1)
            --seeds N          with the case seeds: so many, from --seed on (200)
            --twice N          with the case seeds: so many of them told twice, to the same end (50)
            --svg FILE         the chart of the run
        """;

    public string Case { get; init; } = "churn";

    public int Nodes { get; init; } = 1000;

    public double Minutes { get; init; } = 10;

    /// <summary>In minutes; 0 when nobody leaves.</summary>
    public double HalfLife { get; init; } = 60;

    public double RoundTripMs { get; init; } = 90;

    /// <summary>A share.</summary>
    public double Loss { get; init; }

    /// <summary>A share.</summary>
    public double Adversaries { get; init; }

    public int Lookups { get; init; } = 1000;

    /// <summary>As many as lookups when it is null.</summary>
    public int? Retrievals { get; init; }

    public bool Publish { get; init; }

    public int Seed { get; init; } = 1;

    public int Seeds { get; init; } = 200;

    public int SeedsTwice { get; init; } = 50;

    public string? Chart { get; init; }

    /// <summary>What is told: a storm has as many nodes as its seed draws.</summary>
    public string Title => Case == "seeds"
        ? $"seeds, {Seed} to {(long)Seed + Seeds - 1}"
        : $"{Case}, {Nodes} nodes, seed {Seed}";

    /// <exception cref="ArgumentException">An option that does not exist, or a value that makes no sense.</exception>
    public static SimulatorOptions Parse(string[] arguments)
    {
        var options = new SimulatorOptions();

        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];

            if (name == "--publish")
            {
                options = options with { Publish = true };
                continue;
            }

            string value = ++i < arguments.Length
                ? arguments[i]
                : throw new ArgumentException($"{name} needs a value");
            options = name switch
            {
                "--case" => options with { Case = value },
                "--nodes" => options with { Nodes = (int)Number(name, value, 2, 1_000_000) },
                "--minutes" => options with { Minutes = Number(name, value, 0.1, 1e6) },
                "--churn" => options with { HalfLife = Number(name, value, 0, 1e6) },
                "--round-trip" => options with { RoundTripMs = Number(name, value, 20, 1000) },
                "--loss" => options with { Loss = Number(name, value, 0, 100) / 100 },
                "--adversaries" => options with { Adversaries = Number(name, value, 0, 90) / 100 },
                "--lookups" => options with { Lookups = (int)Number(name, value, 0, 1e7) },
                "--retrievals" => options with { Retrievals = (int)Number(name, value, 0, 1e7) },
                "--seed" => options with { Seed = (int)Number(name, value, 0, int.MaxValue) },
                "--seeds" => options with { Seeds = (int)Number(name, value, 1, 1e7) },
                "--twice" => options with { SeedsTwice = (int)Number(name, value, 0, 1e7) },
                "--svg" => options with { Chart = value },
                _ => throw new ArgumentException($"there is no option {name}"),
            };
        }

        return options;
    }

    private static double Number(string name, string text, double least, double most)
        => double.TryParse(text, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw new ArgumentException($"{name} {text}: a number from {least} to {most} is wanted");
}
