using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SimulatedLinkTests
{
    [Test]
    public void A_request_takes_a_dial_and_a_round_trip([Range(0, 9)] int seed)
    {
        var loop = new SimulationLoop(seed);
        var network = new SimulatedNetwork(loop, new SimulatedNetworkOptions { JitterMean = TimeSpan.Zero });

        loop.Run(async () =>
        {
            await using var one = new SimulatedPeer(network, loop, 1);
            await using var other = new SimulatedPeer(network, loop, 2);

            Assert.That(await one.AskAsync(other), Is.EqualTo("1 asks 2"));
            Assert.That(
                loop.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch,
                Is.EqualTo(3 * network.RoundTrip(one.Id, other.Id)).Within(TimeSpan.FromMilliseconds(1)));
            Assert.That(await other.AskAsync(one), Is.EqualTo("2 asks 1"));
            Assert.That(one.Pool.Links, Has.Count.EqualTo(1));
        });
    }

    [Test]
    public void A_killed_node_ends_its_links_and_refuses_dials()
    {
        var loop = new SimulationLoop(1);
        var network = new SimulatedNetwork(loop);

        loop.Run(async () =>
        {
            await using var one = new SimulatedPeer(network, loop, 1);
            await using var other = new SimulatedPeer(network, loop, 2);
            _ = await one.AskAsync(other);
            network.Kill(other.Id);

            await Waiting.UntilAsync(() => one.Pool.Links.Count == 0, loop.Clock);
            Assert.That(await Catching.ErrorAsync(() => one.AskAsync(other)), Is.TypeOf<LinkClosedException>());
            Assert.That(loop.Clock.GetUtcNow(), Is.LessThan(DateTimeOffset.UnixEpoch.AddSeconds(1)));
        });
    }

    [Test]
    public void A_frozen_node_answers_late_and_a_node_frozen_too_long_is_given_up([Values] bool tooLong)
    {
        var loop = new SimulationLoop(2);
        var network = new SimulatedNetwork(loop);

        loop.Run(async () =>
        {
            await using var one = new SimulatedPeer(network, loop, 1);
            await using var other = new SimulatedPeer(network, loop, 2);
            _ = await one.AskAsync(other);
            network.Freeze(other.Id);

            Task<string> question = one.AskAsync(other);
            await Task.Delay(TimeSpan.FromSeconds(tooLong ? 30 : 4), loop.Clock);
            network.Thaw(other.Id);

            if (tooLong)
            {
                Assert.That(await Catching.ErrorAsync(() => question), Is.TypeOf<LinkClosedException>());
                Assert.That(await one.AskAsync(other), Is.EqualTo("1 asks 2"));
            }
            else
            {
                Assert.That(await question, Is.EqualTo("1 asks 2"));
            }
        });
    }

    [Test]
    public void A_vanished_node_is_noticed_by_silence_and_its_address_answers_nothing()
    {
        var loop = new SimulationLoop(3);
        var network = new SimulatedNetwork(loop);

        loop.Run(async () =>
        {
            await using var one = new SimulatedPeer(network, loop, 1);
            await using var other = new SimulatedPeer(network, loop, 2);
            _ = await one.AskAsync(other);
            NodeId? lost = null;
            one.Pool.LinkLost += link => lost = link.Remote;
            network.Vanish(other.Id);

            Assert.That(await Catching.ErrorAsync(() => one.AskAsync(other)), Is.Not.Null);
            await Waiting.UntilAsync(() => one.Pool.Links.Count == 0, loop.Clock);
            Assert.That(lost, Is.EqualTo(other.Id));
            DateTimeOffset before = loop.Clock.GetUtcNow();
            Assert.That(await Catching.ErrorAsync(() => one.AskAsync(other)), Is.TypeOf<LinkClosedException>());
            Assert.That(loop.Clock.GetUtcNow() - before, Is.EqualTo(TimeSpan.FromSeconds(10)));
        });
    }

    [Test]
    public void A_hidden_node_can_dial_out_and_is_then_reached_on_its_own_link()
    {
        var loop = new SimulationLoop(4);
        var network = new SimulatedNetwork(loop);

        loop.Run(async () =>
        {
            await using var one = new SimulatedPeer(network, loop, 1);
            await using var hidden = new SimulatedPeer(network, loop, 2);
            network.Hide(hidden.Id);

            Assert.That(await Catching.ErrorAsync(() => one.AskAsync(hidden)), Is.TypeOf<LinkClosedException>());
            Assert.That(await hidden.AskAsync(one), Is.EqualTo("2 asks 1"));
            Assert.That(await one.AskAsync(hidden), Is.EqualTo("1 asks 2"));
        });
    }

    [Test]
    public void Two_who_dial_each_other_at_once_keep_one_link([Range(0, 29)] int seed)
    {
        var loop = new SimulationLoop(seed);
        var network = new SimulatedNetwork(loop);

        loop.Run(async () =>
        {
            await using var one = new SimulatedPeer(network, loop, 1);
            await using var other = new SimulatedPeer(network, loop, 2);
            await Task.Delay(TimeSpan.FromMilliseconds(loop.Random.Next(100)), loop.Clock);

            string[] answers = await Task.WhenAll(one.AskAsync(other), other.AskAsync(one));
            Assert.That(string.Join(", ", answers), Is.EqualTo("1 asks 2, 2 asks 1"));

            await Task.Delay(TimeSpan.FromSeconds(2), loop.Clock);
            ILink left = one.Pool.Links.Single();
            ILink right = other.Pool.Links.Single();
            Assert.That(left.Closed.IsCancellationRequested || right.Closed.IsCancellationRequested, Is.False);
            Assert.That(left.IsDialler, Is.Not.EqualTo(right.IsDialler));
        });
    }

    [Test]
    public void A_partition_holds_what_is_sent_and_two_hundred_nodes_meet_again()
    {
        var loop = new SimulationLoop(5);
        var network = new SimulatedNetwork(loop);

        loop.Run(async () =>
        {
            SimulatedPeer[] peers = [.. Enumerable.Range(0, 200).Select(i => new SimulatedPeer(network, loop, i))];
            _ = await Task.WhenAll(peers.Select((peer, i) => peer.AskAsync(peers[(i + 1) % peers.Length])));
            network.Partition(peers.Take(100).Select(peer => peer.Id));

            Task<string> across = peers[99].AskAsync(peers[100]);
            Assert.That(await peers[50].AskAsync(peers[51]), Is.EqualTo("50 asks 51"));
            await Task.Delay(TimeSpan.FromSeconds(3), loop.Clock);
            Assert.That(across.IsCompleted, Is.False);

            network.Heal();
            Assert.That(await across, Is.EqualTo("99 asks 100"));
            Assert.That(network.Faults, Contains.Key("partition").And.ContainKey("heal"));

            foreach (SimulatedPeer peer in peers)
            {
                await peer.DisposeAsync();
            }
        });
    }

    [Test]
    public void One_seed_gives_one_history([Range(0, 9)] int seed)
    {
        string first = History(seed);
        Assert.That(History(seed), Is.EqualTo(first));
        Assert.That(History(seed + 100), Is.Not.EqualTo(first));
    }

    private static string History(int seed)
    {
        var loop = new SimulationLoop(seed);
        var weather = new SimulatedNetworkOptions { StallRate = 0.05, DialFailureRate = 0.1 };
        var network = new SimulatedNetwork(loop, weather);
        var history = new List<string>();

        loop.Run(async () =>
        {
            SimulatedPeer[] peers = [.. Enumerable.Range(0, 12).Select(i => new SimulatedPeer(network, loop, i))];

            async Task TalkAsync(SimulatedPeer peer)
            {
                for (int i = 0; i < 10; i++)
                {
                    SimulatedPeer other = peers[loop.Random.Next(peers.Length)];

                    try
                    {
                        history.Add($"{loop.Clock.GetTimestamp()} {await peer.AskAsync(other)}");
                    }
                    catch (Exception e) when (e is LinkClosedException or FaultException)
                    {
                        history.Add($"{loop.Clock.GetTimestamp()} {e.GetType().Name}");
                    }
                }
            }

            Task[] talks = [.. peers.Select(TalkAsync)];
            await Task.Delay(TimeSpan.FromMilliseconds(300), loop.Clock);
            network.Kill(peers[3].Id);
            network.Freeze(peers[4].Id);
            await Task.WhenAll(talks);

            foreach (SimulatedPeer peer in peers)
            {
                await peer.DisposeAsync();
            }
        });

        return string.Join('\n', history);
    }

    private sealed class SimulatedPeer : IAsyncDisposable
    {
        private readonly SimulatedNetwork _network;
        private readonly SimulationLoop _loop;
        private readonly int _number;

        public SimulatedPeer(SimulatedNetwork network, SimulationLoop loop, int number)
        {
            (_network, _loop, _number) = (network, loop, number);
            Id = TestIdentity.Node(number);
            Pool = new LinkPool(network.Attach(Id, TestIdentity.Hello("test")), Id, loop.Clock);

            Pool.Handle(Envelope.BodyOneofCase.FetchModel, async (first, stream, cancel) =>
            {
                string answer = $"{first.FetchModel.Model.ToStringUtf8()} {_number}";
                byte[] payload = System.Text.Encoding.UTF8.GetBytes(answer);
                await stream.SendAsync(new Envelope { ModelPart = new ModelPart() }, payload, cancel);
            });

            _ = Pool.RunAsync(CancellationToken.None);
        }

        public NodeId Id { get; }

        public LinkPool Pool { get; }

        public async Task<string> AskAsync(SimulatedPeer other)
        {
            ILink link = await Pool.GetAsync(_network.AddressOf(other.Id), CancellationToken.None);
            var question = Google.Protobuf.ByteString.CopyFromUtf8($"{_number} asks");
            await using ILinkStream stream = await link.OpenAsync(StreamPriority.Control, CancellationToken.None);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), _loop.Clock);

            await stream.SendAsync(
                new Envelope { FetchModel = new FetchModel { Model = question } }, default, patience.Token);
            await stream.EndAsync(patience.Token);
            Assert.That(await stream.ReceiveAsync(patience.Token), Is.Not.Null);
            byte[] answer = new byte[stream.PayloadLength];
            await stream.ReadPayloadAsync(answer, patience.Token);
            return System.Text.Encoding.UTF8.GetString(answer);
        }

        public ValueTask DisposeAsync() => Pool.DisposeAsync();
    }
}
