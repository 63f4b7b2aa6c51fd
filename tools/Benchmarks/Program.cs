using System.Globalization;
using Swarm.Benchmarks;

const string Usage = $"""
    usage: tools/bench engine MODEL.gguf [options]    tokens per second, beside another engine's on the same file
           tools/bench context MODEL.gguf [options]   what a long context costs, as shares of the speed with a short one
           tools/bench start MODEL.gguf [options]     loading, memory, and the time to the first token
           tools/bench links [options]                round trips and bulk of a link, beside raw TCP and raw TLS
           tools/bench load [options]                 one node: links a second, links held, strangers turned away
           tools/bench records [options]              what a flood of forged records costs a node

    Everything compared is measured in turns, so that all meet the same machine. Shown: median (least-most) of the rounds.

    engine
    {EngineOptions.Usage}

    context
    {ContextOptions.Usage}

    start
    {StartOptions.Usage}

    links
    {LinkOptions.Usage}

    load
    {LoadOptions.Usage}

    records
    {RecordsOptions.Usage}
    """;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

try
{
    switch (args)
    {
        case ["engine", .. var rest]:
            EngineBenchmark.Run(EngineOptions.Parse(rest));
            return 0;
        case ["context", .. var rest]:
            ContextBenchmark.Run(ContextOptions.Parse(rest));
            return 0;
        case ["start", .. var rest]:
            StartBenchmark.Run(StartOptions.Parse(rest));
            return 0;
        case ["links", .. var rest]:
            await LinkBenchmark.RunAsync(LinkOptions.Parse(rest));
            return 0;
        case ["load", .. var rest]:
            await LoadBenchmark.RunAsync(LoadOptions.Parse(rest));
            return 0;
        case ["records", .. var rest]:
            RecordsBenchmark.Run(RecordsOptions.Parse(rest));
            return 0;
        case ["load-peer", var part, var address, var secret, var number]:
            await LoadPeer.RunAsync(part, address, secret, Options.Number(number));
            return 0;
        case ["help" or "--help" or "-h"]:
            Console.WriteLine(Usage);
            return 0;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"bench: {e.Message}; see tools/bench help");
    return 2;
}
