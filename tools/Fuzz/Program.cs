using System.Globalization;

namespace Swarm.Fuzz;

internal static class Program
{
    // Made when chosen: some have work to do before they begin.
    private static readonly (string Name, Func<IFuzzTarget> Make)[] Targets =
    [
        ("gguf", () => new GgufTarget()),
        ("jinja", () => new JinjaTarget()),
        ("tokenizer", () => new TokenizerTarget()),
        ("frames", () => new FramesTarget()),
        ("link", () => new LinkTarget()),
        ("messages", () => new MessagesTarget()),
        ("records", () => new RecordsTarget()),
        ("certificates", () => new CertificatesTarget()),
        ("mdns", () => new MdnsTarget()),
        ("pcp", () => new PcpTarget()),
        ("natpmp", () => new NatPmpTarget()),
        ("ssdp", () => new SsdpTarget()),
        ("igd", () => new IgdTarget()),
    ];

    public static int Main(string[] arguments)
    {
        string chosen = arguments.FirstOrDefault() ?? "help";

        if (chosen == "list")
        {
            Console.WriteLine(string.Join('\n', Targets.Select(target => target.Name)));
            return 0;
        }

        IFuzzTarget? target = Targets.FirstOrDefault(target => target.Name == chosen).Make?.Invoke();

        if (target is null || arguments.Length % 2 == 0)
        {
            Console.Error.WriteLine(
                $"usage: tools/fuzz {string.Join('|', Targets.Select(target => target.Name))}|all "
                + "[--seconds N] [--seed S] [--case N | --input FILE]");
            return 2;
        }

        var options = arguments.Skip(1).Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
        int seed = Number(options, "--seed") ?? 1;
        var time = TimeSpan.FromSeconds(Number(options, "--seconds") ?? 20);

        var run = new FuzzRun(target, seed);
        bool well = options.TryGetValue("--input", out string? path) ? run.One(File.ReadAllBytes(path))
            : Number(options, "--case") is { } index ? run.One(index)
            : run.For(time);
        return well ? 0 : 1;
    }

    private static int? Number(Dictionary<string, string> options, string name)
        => options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
