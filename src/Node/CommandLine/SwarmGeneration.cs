using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Node.Generation;
using Swarm.Node.Membership;
using Swarm.Node.Routing;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary>Generates on the nodes of a swarm; this process holds no block of the model.</summary>
internal static class SwarmGeneration
{
    // Who waits before a prompt is told within 5 s, the start of the program included, that blocks are missing.
    private static readonly GenerationOptions Patience = new() { CoveragePatience = TimeSpan.FromSeconds(2.5) };

    public static async Task<ClosingLine> RunAsync(
        GenerateOptions options,
        string? path,
        SwarmMember entered,
        Stream output,
        TimeProvider time,
        CancellationToken cancel)
    {
        await using SwarmMember member = entered;
        (ModelFile file, ReadOnlyMemory<byte> hash) = path is null
            ? await FindAsync(options.Model, member, time, cancel)
            : Read(path, options.Swarm.Folder, time, cancel);

        using (file)
        {
            ITokenizer tokenizer = Tokenizer.Create(file);
            (int[] prompt, int tokensMax) = GenerateRun.Encode(options, tokenizer, file.Config);
            var printer = new GenerationPrinter(tokenizer, options.Stop, output, options.Json);
            var request = new GenerationRequest
            {
                Model = hash,
                BlockCount = file.Config.BlockCount,
                MayCutBefore = file.Config.MayCutBefore,
                VocabularySize = file.Config.VocabularySize,
                ContextLength = file.Config.ContextLength,
                Prompt = prompt,
                TokensMax = tokensMax,
                Sampling = options.Sampling,
                StopIds = tokenizer.EndIds,
                Kv = options.Kv,
            };

            return await GenerateAsync(member, request, printer, options, time, cancel);
        }
    }

    private static async Task<ClosingLine> GenerateAsync(
        SwarmMember member,
        GenerationRequest request,
        GenerationPrinter printer,
        GenerateOptions options,
        TimeProvider time,
        CancellationToken cancel)
    {
        var offers = new OfferDirectory(member.Dht, member.Swarm, request.Model, request.BlockCount);
        var random = new EntropyRandom();
        var generator = new SwarmGenerator(
            member.Links, member.Key, member.Swarm, offers, new PeerHealth(time, random), time, random, Patience);
        GenerationResult? result = null;

        try
        {
            result = await generator.GenerateAsync(request, printer, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Every stage was told; what is there is shown.
        }

        printer.Finish();
        var line = new ClosingLine
        {
            PromptTokens = request.Prompt.Count,
            PromptTokensPerSecond = result?.PromptTokensPerSecond ?? 0,
            Tokens = printer.Tokens,
            TokensPerSecond = result?.TokensPerSecond ?? 0,
            FirstToken = result?.FirstToken ?? TimeSpan.Zero,
            Route = printer.Route ?? new Route([]),
            Pauses = result?.Pauses ?? [],
            Finish = result?.Finish switch
            {
                null => ClosingLine.Interrupted,
                FinishReason.Length => "length",
                _ => "stop",
            },
            Seed = options.Sampling.Seed,
        };
        printer.Done(line);
        return line;
    }

    private static (ModelFile File, ReadOnlyMemory<byte> Hash) Read(
        string path, string folder, TimeProvider time, CancellationToken cancel)
    {
        var model = HeldModel.Open(
            path, new ManifestCache(folder, time), new PercentProgress(_ => { }, time, cancel));
        return (model.File, model.Hash);
    }

    // A name is an alias: the model most nodes hold under it is meant.
    private static async Task<(ModelFile File, ReadOnlyMemory<byte> Hash)> FindAsync(
        string name, SwarmMember member, TimeProvider time, CancellationToken cancel)
    {
        IReadOnlyList<ListedModel> listed = await new ModelDirectory(member.Dht, member.Swarm).ReadAsync(cancel);
        ListedModel[] holders = [.. listed
            .Where(one => string.Equals(one.Listing.Name, name, StringComparison.OrdinalIgnoreCase))
            .GroupBy(one => one.Listing.Model)
            .OrderByDescending(group => group.Count())
            .Take(1)
            .SelectMany(group => group)];

        if (holders.Length == 0)
        {
            string known = string.Join(", ",
                listed.Select(one => one.Listing.Name).Distinct().Order(StringComparer.Ordinal));
            string served = known.Length > 0 ? $"served are: {known}." : "nothing is served at all.";
            throw new CommandException(ExitCode.NoRoute, $"nobody serves a model called '{name}'; {served}");
        }

        IEnumerable<PeerAddress> addresses =
            holders.SelectMany(one => Addresses.Read(one.Listing.Addresses, one.Holder));
        ModelFile file = await new ModelFetcher(member.Links, time).FetchAsync(holders[0].Model, addresses, cancel);
        return (file, holders[0].Model);
    }
}
