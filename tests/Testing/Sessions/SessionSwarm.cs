using System.Globalization;
using Google.Protobuf;
using Swarm.Inference.Model;
using Swarm.Node.Execution;
using Swarm.Node.Generation;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Testing.Sessions;

/// <summary>Nodes with spans and an origin: the real sessions over any transport, engine and clock.</summary>
public sealed class SessionSwarm(
    TimeProvider time,
    Func<NodeKey, Hello, bool, ITransport> attach,
    Func<BlockRange, IBlockEngine> engines,
    Func<IComputeExecutor> executors) : IOfferSource, IAsyncDisposable
{
    public const string Name = "test";

    // Sorted, so that who comes first in a tie does not depend on the keys drawn in this process.
    private static readonly NodeKey[] Keys =
    [
        .. Enumerable.Range(0, 24).Select(_ => NodeKey.Create()).OrderBy(key => key.Id),
    ];

    private readonly List<LinkPool> _origins = [];

    public static SwarmId Swarm { get; } = SwarmId.FromName(Name);

    public byte[] Model { get; } = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public List<StageNode> Nodes { get; } = [];

    /// <summary>What the origins are told; null for every node that was ever added.</summary>
    public Func<SwarmView>? View { get; set; }

    public ServingOptions Serving { get; init; } = new();

    public PeerHealth Health { get; init; } = new(time, new Random(1));

    public int BlockCount { get; init; } = 6;

    public StageNode Add(int first, int last) => Add(new BlockRange(first, last));

    public StageNode Add(BlockRange blocks)
    {
        NodeKey key = Keys[Nodes.Count + 1];
        Hello hello = TestIdentity.Hello(Name);
        ITransport transport = attach(key, hello, true);
        var pool = new LinkPool(transport, key.Id, time);
        var recorder = new StageRecorder();
        IComputeExecutor executor = executors();
        var service = new StageService(pool, key.Id, Swarm, time, executor, Serving, recorder);
        IBlockEngine engine = engines(blocks);
        service.Serve(Model, engine);

        var offer = new BlockOffer
        {
            Model = ByteString.CopyFrom(Model),
            First = (uint)blocks.First,
            Last = (uint)blocks.Last,
            BlockCount = (uint)BlockCount,
            State = OfferState.Serving,
            DecodePerBlockMs = 1,
            PrefillPerBlockMs = 1,
            KvTokensFree = 1 << 20,
            Numerics = Inference.Numerics.Version,
            Name = string.Create(CultureInfo.InvariantCulture, $"n{Nodes.Count}"),
        };
        offer.Addresses.AddRange(Addresses.Write(transport.Addresses));
        var node = new StageNode(key, transport, pool, service, recorder, engine, executor, offer);
        Nodes.Add(node);
        node.Start();
        return node;
    }

    /// <summary>A node that holds nothing and asks; the first one always has the same key.</summary>
    public SwarmGenerator Origin(GenerationOptions? options = null) => Origin(out _, options);

    public SwarmGenerator Origin(out ITransport transport, GenerationOptions? options = null)
    {
        NodeKey key = _origins.Count == 0 ? Keys[0] : Keys[^_origins.Count];
        transport = attach(key, TestIdentity.Hello(Name), false);
        var pool = new LinkPool(transport, key.Id, time);
        _origins.Add(pool);
        return new SwarmGenerator(pool, key, Swarm, this, Health, time, new Random(_origins.Count), options);
    }

    public GenerationRequest Request(IReadOnlyList<int> prompt, int tokens, ulong seed = 1) => new()
    {
        Model = Model,
        BlockCount = BlockCount,
        VocabularySize = Nodes[0].Engine.VocabularySize,
        ContextLength = Nodes[0].Engine.ContextLength,
        Prompt = prompt,
        TokensMax = tokens,
        Sampling = NewSampling(seed),
    };

    public static Sampling NewSampling(ulong seed) => new()
    {
        Temperature = 0.8f,
        TopK = 40,
        TopP = 0.95f,
        MinP = 0.05f,
        RepeatPenalty = 1.1f,
        RepeatLastN = 64,
        Seed = seed,
    };

    public ValueTask<SwarmView> ReadAsync(ReadOnlyMemory<byte> model, CancellationToken cancel)
        => new(View?.Invoke() ?? new SwarmView([.. Nodes.Select(node => node.PeerOffer)]));

    public async ValueTask DisposeAsync()
    {
        foreach (LinkPool origin in _origins)
        {
            await origin.DisposeAsync();
        }

        foreach (StageNode node in Nodes)
        {
            await node.DisposeAsync();
        }
    }
}
