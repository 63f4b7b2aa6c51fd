using System.Globalization;

namespace Swarm.Benchmarks;

/// <summary>Reads <c>--name value</c> pairs and the numbers in them.</summary>
internal static class Options
{
    public static IEnumerable<(string Name, string Value)> Pairs(string[] args)
    {
        for (int i = 0; i < args.Length; i += 2)
        {
            yield return i + 1 < args.Length
                ? (args[i], args[i + 1])
                : throw new ArgumentException($"{args[i]} lacks its value");
        }
    }

    public static int Number(string text)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw new ArgumentException($"{text} is no whole number above zero");

    public static int[] Numbers(string text) => [.. text.Split(',').Select(Number)];

    public static ArgumentException Unknown(string name) => new($"unknown option {name}");
}
