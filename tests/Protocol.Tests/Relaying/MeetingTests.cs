using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Relaying;

/// <summary>Two nodes that nobody can dial, a relay between them, and their attempts to do without it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class MeetingTests
{
    private const string Victim = "10.0.0.99";

    [Test]
    public void Both_dial_where_the_other_is_seen_at_the_same_moment_and_the_caller_leads([Range(1, 10)] int seed)
        => Play(seed, symmetric: false, async scene =>
        {
            ILink link = await scene.Caller.CallAsync(scene.Called);
            (PeerAddress Address, bool Leads, DateTimeOffset At) one = scene.Caller.Transport.Punches.Single();
            (PeerAddress Address, bool Leads, DateTimeOffset At) other = scene.Called.Transport.Punches.Single();

            Assert.That(one.Address, Is.EqualTo(scene.Called.Transport.OwnAddresses[0]));
            Assert.That(other.Address, Is.EqualTo(scene.Caller.Transport.OwnAddresses[0]));
            Assert.That((one.Leads, other.Leads), Is.EqualTo((true, false)));
            Assert.That((one.At - other.At).Duration(), Is.LessThan(TimeSpan.FromMilliseconds(15)), $"seed {seed}");
            Assert.That(link.Relay, Is.Null);
            Assert.That(link.IsDialler);
            Assert.That(scene.Caller.Told, Is.EqualTo(new[] { MeetingOutcome.Punched }));
            await Waiting.UntilAsync(() => scene.Called.Told.Count > 0, scene.Clock);
            Assert.That(scene.Called.Told, Is.EqualTo(new[] { MeetingOutcome.Punched }));

            // What is begun from now on takes the new link, from both sides; the relayed one goes.
            Assert.That(scene.Called.Links.TryGet(scene.Caller.Id, out ILink? back));
            Assert.That(back!.Relay, Is.Null);
            Assert.That(scene.Caller.Links.WayOf(link), Is.EqualTo(LinkWay.Punched));
            Assert.That(scene.Called.Links.WayOf(back), Is.EqualTo(LinkWay.Punched));
            await Waiting.UntilAsync(() => scene.Relay.Circuits == 0, scene.Clock);
            Assert.That(link.IsClosed || back.IsClosed, Is.False);
        });

    [Test]
    public void Where_there_is_no_way_three_tries_are_enough_for_ten_minutes()
        => Play(1, symmetric: true, async scene =>
        {
            ILink link = await scene.Caller.CallAsync(scene.Called);
            Assert.That(link.Relay, Is.EqualTo(scene.RelayId), "the dial does not wait for the end of it");
            Assert.That(scene.Caller.Links.WayOf(link), Is.EqualTo(LinkWay.Relayed));
            await Task.Delay(TimeSpan.FromMinutes(2), scene.Clock);

            Assert.That(scene.Caller.Transport.Punches, Has.Count.EqualTo(3));
            Assert.That(scene.Called.Transport.Punches, Has.Count.EqualTo(3));
            Assert.That(scene.Caller.Told, Is.EqualTo(new[] { MeetingOutcome.Relayed }));
            Assert.That(scene.Called.Told, Is.EqualTo(new[] { MeetingOutcome.Relayed }));
            Assert.That(link.IsClosed, Is.False);

            // Another circuit to the same node: not again so soon, but again when routers may have changed.
            link.Abort(FaultCode.Cancelled, "another");
            link = await scene.Caller.CallAsync(scene.Called);
            await Task.Delay(TimeSpan.FromMinutes(2), scene.Clock);
            Assert.That(scene.Caller.Transport.Punches, Has.Count.EqualTo(3));
            await Task.Delay(TimeSpan.FromMinutes(10), scene.Clock);
            link.Abort(FaultCode.Cancelled, "another");
            _ = await scene.Caller.CallAsync(scene.Called);
            await Task.Delay(TimeSpan.FromMinutes(2), scene.Clock);
            Assert.That(scene.Caller.Transport.Punches, Has.Count.EqualTo(6));
        });

    [Test]
    public void Threat_31_Nobody_is_made_to_dial_a_third_by_who_calls()
        => Play(2, symmetric: false, async scene =>
        {
            scene.Caller.Links.Relayed = null;
            ILink link = await scene.Caller.CallAsync(scene.Called);
            string own = scene.Caller.Transport.OwnAddresses[0].Host;

            foreach (string host in (string[])[Victim, "127.0.0.1", "::1", "224.0.0.251", "host.example", ""])
            {
                Assert.That(await MeetAsync(scene, link, At(host, 443)), Is.Zero, host);
            }

            Assert.That(await MeetAsync(scene, link, At(own, 0)), Is.Null, "six a minute");
            await Task.Delay(TimeSpan.FromMinutes(1), scene.Clock);
            Assert.That(await MeetAsync(scene, link, At(own, 0)), Is.Zero);
            Assert.That(await MeetAsync(scene, link, At(own, 65536)), Is.Zero);
            Address viaRelay = At(own, 7000);
            viaRelay.Relay = Google.Protobuf.ByteString.CopyFrom(new byte[NodeId.Size]);
            Assert.That(await MeetAsync(scene, link, viaRelay), Is.Zero);
            Assert.That(scene.Called.Transport.Punches, Is.Empty);

            // Its own address is answered, at three ports and not more.
            Address[] many = [At(Victim, 80), .. Enumerable.Range(7000, 50).Select(port => At(own, port))];
            Assert.That(await MeetAsync(scene, link, many), Is.EqualTo(1));
            Assert.That(scene.Called.Transport.Punches, Has.Count.EqualTo(3));
            Assert.That(scene.Called.Transport.Punches.Select(one => one.Address.Host), Is.All.EqualTo(own));
        });

    [Test]
    public void Threat_31_Nor_by_who_is_called()
        => Play(3, symmetric: false, lies: true, async scene =>
        {
            ILink link = await scene.Caller.CallAsync(scene.Called);
            await Task.Delay(TimeSpan.FromMinutes(1), scene.Clock);

            Assert.That(link.Relay, Is.EqualTo(scene.RelayId));
            Assert.That(scene.Called.Lies, Is.EqualTo(1));
            Assert.That(scene.Caller.Transport.Punches, Is.Empty);
        });

    [Test]
    public void Threat_31_Nobody_is_made_to_dial_more_often_than_the_limit_allows()
        => Play(4, symmetric: true, async scene =>
        {
            scene.Caller.Links.Relayed = null;
            ILink link = await scene.Caller.CallAsync(scene.Called);
            Address own = At(scene.Caller.Transport.OwnAddresses[0].Host, 7000);
            int refused = 0;

            for (int i = 0; i < 40; i++)
            {
                refused += await MeetAsync(scene, link, own) is null ? 1 : 0;
            }

            Assert.That(refused, Is.InRange(32, 34), "six a minute for one peer");
            Assert.That(scene.Called.Transport.Punches, Has.Count.EqualTo(40 - refused));
        });

    private static Address At(string host, int port) => new() { Host = host, Port = (uint)port };

    // Asks to be met there, and says "now" when the other names addresses; how many, or null when it is busy.
    private static async Task<int?> MeetAsync(Scene scene, ILink link, params Address[] seen)
    {
        await using ILinkStream stream = await link.OpenAsync(StreamPriority.Control, default);

        try
        {
            await stream.SendAsync(new Envelope { Meet = new Meet { Seen = { seen } } }, default, default);
            MeetAt answer = (await stream.ReceiveAsync(default))!.MeetAt;

            if (answer.Seen.Count > 0)
            {
                await stream.SendAsync(new Envelope { MeetNow = new MeetNow() }, default, default);
                await Task.Delay(TimeSpan.FromSeconds(1), scene.Clock);
            }

            return answer.Seen.Count;
        }
        catch (FaultException e) when (e.Code == FaultCode.Busy)
        {
            return null;
        }
    }

    private static void Play(int seed, bool symmetric, Func<Scene, Task> scenario)
        => Play(seed, symmetric, lies: false, scenario);

    private static void Play(int seed, bool symmetric, bool lies, Func<Scene, Task> scenario)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var scene = new Scene(loop, symmetric, lies);
            await Waiting.UntilAsync(() => scene.Caller.HasPlace && scene.Called.HasPlace, loop.Clock);
            await scenario(scene);
        });
    }

    private sealed class Scene
    {
        public Scene(SimulationLoop loop, bool symmetric, bool lies)
        {
            Clock = loop.Clock;
            var network = new SimulatedNetwork(loop);
            var key = NodeKey.Create();
            RelayId = key.Id;
            MemoryTransport transport = network.Attach(key.Id, TestIdentity.Hello("test"));
            var links = new LinkPool(transport, key.Id, Clock);
            Relay = new RelayService(links, Clock, new RelayOptions());
            _ = links.RunAsync(CancellationToken.None);
            Caller = new End(loop, network, transport.Addresses[0], symmetric, lies: false);
            Called = new End(loop, network, transport.Addresses[0], symmetric, lies);
        }

        public TimeProvider Clock { get; }

        public NodeId RelayId { get; }

        public RelayService Relay { get; }

        public End Caller { get; }

        public End Called { get; }
    }

    // A node behind a router that lets nobody in, with a place at the relay.
    private sealed class End
    {
        private readonly PeerAddress _relay;
        private readonly RelayKeeper _keeper;

        public End(SimulationLoop loop, SimulatedNetwork network, PeerAddress relay, bool symmetric, bool lies)
        {
            _relay = relay;
            var key = NodeKey.Create();
            Id = key.Id;
            Transport = new PunchingTransport(network.Attach(Id, TestIdentity.Hello("test")), loop.Clock);
            Transport.Announce([], server: false);
            network.Hide(Id, symmetric);
            Links = new LinkPool(Transport, Id, loop.Clock);
            _keeper = new RelayKeeper(Links, Transport, loop.Clock, new Random(loop.Random.Next()), _ => { })
            {
                IsWanted = true,
            };

            if (lies)
            {
                Links.Handle(Envelope.BodyOneofCase.Meet, LieAsync);
            }
            else
            {
                _ = new Meeting(Links, Transport, loop.Clock, (_, outcome) => Told.Add(outcome));
            }

            _ = Links.RunAsync(CancellationToken.None);
            _ = _keeper.RunAsync(CancellationToken.None);
            _ = Links.GetAsync(relay, CancellationToken.None).Preserve();
        }

        public NodeId Id { get; }

        public PunchingTransport Transport { get; }

        public LinkPool Links { get; }

        public List<MeetingOutcome> Told { get; } = [];

        public int Lies { get; private set; }

        public bool HasPlace => _keeper.Relays.Count > 0;

        private async Task LieAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
        {
            Lies++;
            var lie = new MeetAt { Seen = { At(Victim, 443), At("127.0.0.1", 22) } };
            await stream.SendAsync(new Envelope { MeetAt = lie }, default, cancel);
            _ = await stream.ReceiveAsync(cancel);
        }

        public async Task<ILink> CallAsync(End other)
            => await Links.GetAsync(_relay with { Node = other.Id, Relay = _relay.Node }, CancellationToken.None);
    }
}
