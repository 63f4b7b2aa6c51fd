namespace Swarm.Simulator;

/// <summary>One line of the table: what was measured, and the bar it is held against.</summary>
/// <param name="What">In words.</param>
/// <param name="Measured">With its unit.</param>
/// <param name="Bar">With its unit; null where there is none.</param>
/// <param name="Holds">Whether the bar was reached.</param>
public sealed record Finding(string What, string Measured, string? Bar = null, bool Holds = true)
{
    public static Finding AtLeast(string what, double share, double bar)
        => new(what, $"{share:P3}", $">= {bar:P2}", share >= bar);

    public static Finding AtMost(string what, double value, double bar, string unit)
        => new(what, $"{value:F2} {unit}".TrimEnd(), $"<= {bar:G4} {unit}".TrimEnd(), value <= bar);

    public override string ToString()
        => $"{(Bar is null ? "    " : Holds ? "PASS" : "FAIL")}  {What,-58} {Measured,14}  {Bar}";
}
