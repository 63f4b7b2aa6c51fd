using System.Globalization;

namespace Swarm.Soak;

/// <summary>How many real nodes live how long, and how often one of them goes.</summary>
internal sealed record SoakOptions
{
    public const string Usage = """
            --nodes N        nodes that are there all the time (60)
            --seconds S      how long they come and go (180)
            --deaths D       nodes that go in a minute, each followed by another (30)
            --rate R         lookups, retrievals and routes checked in a second, together (15)
            --lease L        seconds an announcement lives (30)
            --seed S         who goes when and how (1)
        """;

    public int Nodes { get; init; } = 60;

    public double Seconds { get; init; } = 180;

    public double DeathsPerMinute { get; init; } = 30;

    public double ProbesPerSecond { get; init; } = 15;

    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    public int Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">An option that does not exist, or a value that makes no sense.</exception>
    public static SoakOptions Parse(string[] arguments)
    {
        var options = new SoakOptions();

        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            string value = ++i < arguments.Length
                ? arguments[i]
                : throw new ArgumentException($"{name} needs a value");
            options = name switch
            {
                "--nodes" => options with { Nodes = (int)Number(name, value, 4, 1000) },
                "--seconds" => options with { Seconds = Number(name, value, 1, 1e6) },
                "--deaths" => options with { DeathsPerMinute = Number(name, value, 0, 1e4) },
                "--rate" => options with { ProbesPerSecond = Number(name, value, 0.1, 1e4) },
                "--lease" => options with { Lease = TimeSpan.FromSeconds(Number(name, value, 5, 600)) },
                "--seed" => options with { Seed = (int)Number(name, value, 0, int.MaxValue) },
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
