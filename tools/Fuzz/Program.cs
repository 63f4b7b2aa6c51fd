using System.Globalization;

namespace Swarm.Fuzz;

internal static class Program
{
    private static readonly IFuzzTarget[] Targets = [new GgufTarget(), new JinjaTarget(), new TokenizerTarget()];

    public static int Main(string[] arguments)
    {
        string chosen = arguments.FirstOrDefault() ?? "help";
        IFuzzTarget[] targets = [.. Targets.Where(target => chosen == "all" || chosen == target.Name)];

        if (targets.Length == 0 || arguments.Length % 2 == 0)
        {
            Console.Error.WriteLine(
                $"usage: tools/fuzz {string.Join('|', Targets.Select(target => target.Name))}|all "
                + "[--seconds N] [--seed S] [--case N | --input FILE]");
            return 2;
        }

        var options = arguments.Skip(1).Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
        int seed = Number(options, "--seed") ?? 1;
        var time = TimeSpan.FromSeconds(Number(options, "--seconds") ?? 20);

        return targets.All(target =>
        {
            var run = new FuzzRun(target, seed);
            return options.TryGetValue("--input", out string? path) ? run.One(File.ReadAllBytes(path))
                : Number(options, "--case") is { } index ? run.One(index)
                : run.For(time);
        }) ? 0 : 1;
    }

    private static int? Number(Dictionary<string, string> options, string name)
        => options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
