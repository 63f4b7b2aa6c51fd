using System.Collections.Concurrent;
using System.Net;
using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Node.Execution;
using Swarm.Node.Generation;
using Swarm.Node.Serving;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Sessions;

namespace Swarm.Node.Tests.Generation;

/// <summary>
/// A real model over real sockets; stages die without a goodbye, everywhere; the tokens never change.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class KilledAnywhereTests
{
    private const int Tokens = 32;
    private const int Chunk = 8;
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);
    private static readonly StagePhase[] Phases = [StagePhase.Received, StagePhase.Computed, StagePhase.Sent];

    private readonly ConcurrentDictionary<BlockRange, ModelSpan> _spans = new();
    private ModelFile _file = null!;
    private ComputePool _pool = null!;
    private int[] _prompt = null!;
    private int[] _oracle = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _file = TinyModel.Open();
        _pool = new ComputePool(1);
        _prompt = [.. Enumerable.Range(0, 21).Select(i => ((i * 37) + 11) % _file.Config.VocabularySize)];
        var options = new GeneratorOptions
        {
            TokensMax = Tokens,
            CacheType = KvCacheType.F16,
            Sampling = SessionSwarm.NewSampling(1).ToOptions(),
        };
        _oracle = [.. new Generator(Span(_file.Config.AllBlocks)).Generate(_prompt, options)];
    }

    [OneTimeTearDown]
    public void Unload()
    {
        foreach (ModelSpan span in _spans.Values)
        {
            span.Dispose();
        }

        _pool.Dispose();
        _file.Dispose();
    }

    [Test]
    public async Task Nobody_dies([Values(1, 7, 32)] int chunk)
        => await RunAsync(-1, (_, _, _) => false, chunk);

    [Test]
    public async Task Threat_13_A_stage_whose_connections_are_reset_at_any_token_changes_no_token(
        [Range(0, 2)] int stage,
        [Range(0, Tokens - 1)] int token,
        [Values(StagePhase.Received, StagePhase.Computed, StagePhase.Sent)] StagePhase dies)
    {
        int position = _prompt.Length - 1 + token;
        await RunAsync(stage, (at, count, phase) => phase == dies && at + count > position, Chunk);
    }

    [Test]
    public async Task A_stage_is_killed_at_a_chunk_of_the_prompt([Range(0, 2)] int stage, [Range(0, 2)] int chunk)
    {
        StagePhase dies = Phases[(chunk + stage) % Phases.Length];
        await RunAsync(stage, (at, _, phase) => phase == dies && at == chunk * Chunk, Chunk);
    }

    [Test]
    public async Task The_head_is_killed_after_it_told_the_ring_and_before_it_told_the_origin(
        [Values(0, 5, 20)] int token)
    {
        int position = _prompt.Length - 1 + token;
        await RunAsync(2, (at, count, phase) => phase == StagePhase.Ringed && at + count > position, Chunk);
    }

    [Test]
    public async Task Two_nodes_with_other_cuts_replace_one()
        => await RunAsync(1, (at, _, phase) => phase == StagePhase.Computed && at == 30, Chunk, (2, 3), (3, 4));

    [Test]
    public async Task When_the_origin_dies_every_reservation_is_freed()
    {
        await using SessionSwarm swarm = NewSwarm();
        AddRoute(swarm);
        var options = new GenerationOptions { Lease = TimeSpan.FromMilliseconds(500) };
        SwarmGenerator origin = swarm.Origin(out ITransport transport, options);
        var listener = new ListenerRecorder
        {
            Wants = count =>
            {
                if (count == 5)
                {
                    ((TcpTransport)transport).Kill();
                }

                return true;
            },
        };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        _ = await Catching.ErrorAsync(
            () => origin.GenerateAsync(swarm.Request(_prompt, 200), listener, patience.Token));

        await Waiting.UntilAsync(
            () => swarm.Nodes.TrueForAll(node => node.Service.SessionCount == 0), TimeProvider.System);
        Assert.That(
            swarm.Nodes.Select(node => node.Service.KvBytesFree), Is.All.EqualTo(new ServingOptions().KvBytesMax));
    }

    private async Task RunAsync(
        int stage,
        Func<int, int, StagePhase, bool> dies,
        int chunk,
        params (int First, int Last)[] replacements)
    {
        await using SessionSwarm swarm = NewSwarm();
        AddRoute(swarm);

        if (stage >= 0)
        {
            StageNode victim = swarm.Nodes[stage];
            DieWhen(victim, dies);

            foreach ((int first, int last) in replacements.Length > 0
                ? replacements
                : [((int)victim.Offer.First, (int)victim.Offer.Last)])
            {
                _ = swarm.Add(first, last);
            }
        }

        var listener = new ListenerRecorder();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        GenerationResult result = await swarm.Origin(new GenerationOptions { ChunkTokens = chunk })
            .GenerateAsync(swarm.Request(_prompt, Tokens), listener, patience.Token);

        Assert.That(result.Tokens, Is.EqualTo(_oracle));
        Assert.That(listener.Tokens, Is.EqualTo(_oracle));
        Assert.That(listener.Lost, Has.Count.LessThanOrEqualTo(1));
        Assert.That(listener.Pauses, Is.All.LessThan(PauseMax));

        for (int behind = stage + 1; behind < 3; behind++)
        {
            Assert.That(swarm.Nodes[behind].Recorder.MostOften, Is.EqualTo(1), $"node {behind} computed twice");
        }
    }

    private static void DieWhen(StageNode node, Func<int, int, StagePhase, bool> dies)
    {
        int dead = 0;

        node.Recorder.OnStep = (_, position, count, phase) =>
        {
            if (dies(position, count, phase) && Interlocked.Exchange(ref dead, 1) == 0)
            {
                ((TcpTransport)node.Transport).Kill();
            }

            return Volatile.Read(ref dead) == 0
                ? ValueTask.CompletedTask
                : throw new OperationCanceledException("The process is dead.");
        };
    }

    private static void AddRoute(SessionSwarm swarm)
    {
        _ = swarm.Add(0, 2);
        _ = swarm.Add(2, 4);
        _ = swarm.Add(4, 6);
    }

    private SessionSwarm NewSwarm() => new(
        TimeProvider.System,
        (key, hello, listens) => new TcpTransport(
            key, hello, listens ? new IPEndPoint(IPAddress.Loopback, 0) : null, TimeProvider.System),
        blocks => new SpanEngine(Span(blocks)),
        () => new ThreadExecutor())
    {
        BlockCount = _file.Config.BlockCount,
    };

    private ModelSpan Span(BlockRange blocks) => _spans.GetOrAdd(blocks, range => ModelSpan.Load(_file, range, _pool));
}
