using System.Globalization;
using Swarm.Simulator;
using Swarm.Testing;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string usage = $"""
    usage: tools/simulate [options]

    {SimulatorOptions.Usage}

    cases
    {string.Join('\n', Cases.All.Select(one => $"    {one.Key,-12} {one.Value.What}"))}

    example: tools/simulate --case churn --nodes 10000 --minutes 30 --churn 10 --publish --svg churn.svg
    """;

try
{
    if (args is ["help" or "--help" or "-h", ..])
    {
        Console.WriteLine(usage);
        return 0;
    }

    var options = SimulatorOptions.Parse(args);
    string[] chosen = [.. Cases.All.Keys.Where(name => options.Case == "all" || options.Case == name)];

    if (chosen.Length == 0)
    {
        throw new ArgumentException($"there is no case {options.Case}");
    }

    bool holds = true;

    foreach (string name in chosen)
    {
        var watch = new Watch();
        SimulatorOptions told = options with { Case = name };
        List<Finding> findings = Cases.Run(told, watch);
        Console.WriteLine($"{told.Title}: {Cases.All[name].What}");
        findings.ForEach(Console.WriteLine);
        holds &= findings.TrueForAll(finding => finding.Holds);

        if (options.Chart is { } path)
        {
            File.WriteAllText(path, watch.Chart.ToSvg(told.Title));
        }
    }

    return holds ? 0 : 1;
}
catch (InvariantException e)
{
    Console.Error.WriteLine($"simulate: BROKEN, {e.Message}");
    return 1;
}
catch (ArgumentException e) when (e is not ArgumentOutOfRangeException)
{
    Console.Error.WriteLine($"simulate: {e.Message}; see tools/simulate help");
    return 2;
}
