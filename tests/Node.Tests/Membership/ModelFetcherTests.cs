using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Membership;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Membership;

/// <summary>An origin without the file believes only what the manifest hash proves.</summary>
[TestFixture]
[Parallelizable]
public sealed class ModelFetcherTests
{
    private static readonly NodeId Guest = TestIdentity.Node(99);

    [Test]
    public void A_holder_gives_manifest_and_header()
        => Run(async world =>
        {
            PeerAddress holder = world.Hold(1, world.Manifest, world.Header);
            using ModelFile file = await world.FetchAsync(holder);

            Assert.That(file.Header.Span.SequenceEqual(world.Header.Span), Is.True);
            Assert.That(file.HasWeights, Is.False);
        });

    [Test]
    public void One_wrong_bit_in_the_manifest_or_the_header_is_found(
        [Values] bool inManifest, [Values(0, 100, -1)] int at)
        => Run(async world =>
        {
            byte[] wrong = (inManifest ? world.Manifest : world.Header).ToArray();
            wrong[at < 0 ? wrong.Length + at : at] ^= 1;
            PeerAddress liar = world.Hold(1, inManifest ? wrong : world.Manifest, inManifest ? world.Header : wrong);

            Assert.That(await Catching(() => world.FetchAsync(liar)), Is.InstanceOf<LinkClosedException>());
        });

    [Test]
    public void After_a_liar_and_a_dead_address_the_honest_holder_is_asked()
        => Run(async world =>
        {
            PeerAddress liar = world.Hold(1, new byte[] { 1 }, world.Header);
            var dead = new PeerAddress("10.0.0.77", 1);
            PeerAddress honest = world.Hold(2, world.Manifest, world.Header);
            using ModelFile file = await world.FetchAsync(liar, dead, honest);

            Assert.That(file.Header.Span.SequenceEqual(world.Header.Span), Is.True);
        });

    [Test]
    public void A_node_that_holds_another_model_says_so()
        => Run(async world =>
        {
            PeerAddress other = world.Hold(1, world.Manifest, world.Header, model: new byte[32]);
            Exception? failure = await Catching(() => world.FetchAsync(other));

            Assert.That(failure?.Message, Does.Contain("does not hold"));
        });

    private static async Task<Exception?> Catching(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (LinkClosedException failure)
        {
            return failure;
        }
    }

    private static void Run(Func<World, Task> story)
    {
        var loop = new SimulationLoop(7);
        loop.Run(async () =>
        {
            await using var world = new World(loop);
            await story(world);
        });
    }

    private sealed class World : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SimulationLoop _loop;
        private readonly MemoryNetwork _network;
        private readonly List<LinkPool> _pools = [];
        private readonly LinkPool _guest;
        private readonly ReadOnlyMemory<byte> _model;

        public World(SimulationLoop loop)
        {
            using ModelFile file = TinyModel.Open();
            ModelManifest manifest = file.ComputeManifest(null);
            Manifest = manifest.Serialize();
            Header = file.Header;
            _model = manifest.Hash;
            _loop = loop;
            _network = new MemoryNetwork(loop.Clock);
            _guest = Join(Guest, listen: null);
        }

        public ReadOnlyMemory<byte> Manifest { get; }

        public ReadOnlyMemory<byte> Header { get; }

        public PeerAddress Hold(
            int number, ReadOnlyMemory<byte> manifest, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte>? model = null)
        {
            var address = new PeerAddress($"10.0.0.{number}", 4747, TestIdentity.Node(number));
            var server = new ModelServer(model ?? _model, manifest, header);
            LinkPool pool = Join(TestIdentity.Node(number), address, server.AnswerAsync);
            _ = pool.RunAsync(_stop.Token);
            return address;
        }

        public Task<ModelFile> FetchAsync(params PeerAddress[] holders)
            => new ModelFetcher(_guest, _loop.Clock).FetchAsync(_model, holders, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            _stop.Cancel();

            foreach (LinkPool pool in _pools)
            {
                await pool.DisposeAsync();
            }

            _stop.Dispose();
        }

        private LinkPool Join(NodeId node, PeerAddress? listen, StreamHandler? handler = null)
        {
            var pool = new LinkPool(_network.Attach(node, TestIdentity.Hello("home"), listen), node, _loop.Clock);

            if (handler is not null)
            {
                pool.Handle(Envelope.BodyOneofCase.FetchModel, handler);
            }

            _pools.Add(pool);
            return pool;
        }
    }
}
