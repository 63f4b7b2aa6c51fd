using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Inference.Threading;
using Swarm.Node.Serving;

namespace Swarm.Node.CommandLine;

/// <summary>Generates in this process, with no network: what every route must equal, byte for byte.</summary>
internal static class LocalGeneration
{
    public static ClosingLine Run(
        GenerateOptions options, string path, Stream output, TimeProvider time, CancellationToken cancel)
    {
        using var model = ModelFile.Open(path);
        ITokenizer tokenizer = Tokenizer.Create(model);
        (int[] prompt, int tokensMax) = GenerateRun.Encode(options, tokenizer, model.Config);
        using var pool = new ComputePool(options.Threads);
        using var span = ModelSpan.Load(
            model, model.Config.AllBlocks, pool, new PercentProgress(_ => { }, time, cancel));
        var printer = new GenerationPrinter(tokenizer, options.Stop, output, options.Json);
        var asked = new GeneratorOptions
        {
            Sampling = options.Sampling.ToOptions(),
            TokensMax = tokensMax,
            EndIds = tokenizer.EndIds,
            CacheType = options.Kv.ToCacheType(),
        };

        long started = time.GetTimestamp();
        long first = 0;
        string finish = "length";

        try
        {
            foreach (int id in new Generator(span).Generate(prompt, asked, cancel))
            {
                first = first == 0 ? time.GetTimestamp() : first;
                bool more = printer.OnToken(id);
                finish = more && !tokenizer.EndIds.Contains(id) ? finish : "stop";

                if (!more)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            finish = ClosingLine.Interrupted;
        }

        printer.Finish();
        TimeSpan toFirst = first == 0 ? TimeSpan.Zero : time.GetElapsedTime(started, first);
        TimeSpan after = first == 0 ? TimeSpan.Zero : time.GetElapsedTime(first);
        var line = new ClosingLine
        {
            PromptTokens = prompt.Length,
            PromptTokensPerSecond = Rate(prompt.Length, toFirst),
            Tokens = printer.Tokens,
            TokensPerSecond = Rate(printer.Tokens - 1, after),
            FirstToken = toFirst,
            Route = null,
            Finish = finish,
            Seed = options.Sampling.Seed,
        };
        printer.Done(line);
        return line;
    }

    private static double Rate(int count, TimeSpan time)
        => count > 0 && time > TimeSpan.Zero ? count / time.TotalSeconds : 0;
}
