using Google.Protobuf;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Relaying;

/// <summary>What a relay gives away, and where it stops.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RelayServiceTests
{
    [Test]
    public void Threat_33_Of_two_hundred_circuits_one_peer_gets_sixteen()
        => Play(new RelayOptions(), async scene =>
        {
            Peer target = await scene.ReserveAsync();
            Peer caller = await scene.AddAsync();

            for (int i = 0; i < 200; i++)
            {
                _ = await caller.ConnectAsync(target.Id);
            }

            Assert.That(caller.Circuits, Has.Count.EqualTo(16));
            Assert.That(scene.Service.Circuits, Is.EqualTo(16));

            // A place is free again when a circuit ends.
            caller.Circuits[0].Reset(FaultCode.Cancelled, "enough");
            await Waiting.UntilAsync(() => scene.Service.Circuits == 15, scene.Clock);
            Assert.That(await caller.ConnectAsync(target.Id), Is.Null);
        });

    [Test]
    public void Threat_33_All_together_get_a_hundred_and_twenty_eight()
        => Play(new RelayOptions(), async scene =>
        {
            int open = 0;

            for (int i = 0; i < 20; i++)
            {
                Peer target = await scene.ReserveAsync();
                Peer caller = await scene.AddAsync();

                for (int j = 0; j < 10; j++)
                {
                    open += await caller.ConnectAsync(target.Id) is null ? 1 : 0;
                }
            }

            Assert.That(open, Is.EqualTo(128));
        });

    [Test]
    public void Threat_33_Reservations_end_with_their_number_their_time_and_their_link()
        => Play(new RelayOptions { ReservationsMax = 3 }, async scene =>
        {
            Peer first = await scene.ReserveAsync();
            _ = await scene.ReserveAsync();
            _ = await scene.ReserveAsync();
            Peer late = await scene.AddAsync();
            Assert.That((await late.ReserveAsync())?.Code, Is.EqualTo(FaultCode.Busy));

            first.Link.Abort(FaultCode.Leaving, "goodbye");
            await Waiting.UntilAsync(() => scene.Service.Reservations == 2, scene.Clock);
            Assert.That(await late.ReserveAsync(), Is.Null);
            await Task.Delay(TimeSpan.FromMinutes(61), scene.Clock);
            Assert.That(scene.Service.Reservations, Is.Zero);
        });

    [Test]
    public void Threat_33_A_peer_that_has_used_up_its_bytes_is_carried_no_further()
        => Play(new RelayOptions { BytesPerPeerPerHourMax = 300_000 }, async scene =>
        {
            Peer target = await scene.ReserveAsync();
            Peer caller = await scene.AddAsync();
            Assert.That(await caller.ConnectAsync(target.Id), Is.Null);
            int sent = 0;
            Exception? error = await Catching.ErrorAsync(async () =>
            {
                for (; sent < 100; sent++)
                {
                    await caller.Circuits[0].SendAsync(
                        new Envelope { Carry = new Carry() }, new byte[30_000], default);
                    await Task.Delay(TimeSpan.FromMilliseconds(200), scene.Clock);
                }
            });

            Assert.That(error, Is.TypeOf<FaultException>().With.Property("Code").EqualTo(FaultCode.Busy));
            Assert.That(sent, Is.InRange(10, 15));
            Assert.That(target.Received, Is.EqualTo(300_000));
        });

    [Test]
    public void Who_has_no_reservation_cannot_be_asked_for()
        => Play(new RelayOptions(), async scene =>
        {
            Peer caller = await scene.AddAsync();
            Peer other = await scene.AddAsync();
            Assert.That((await caller.ConnectAsync(other.Id))?.Code, Is.EqualTo(FaultCode.HopFailed));
        });

    private static void Play(RelayOptions options, Func<Scene, Task> scenario)
    {
        var loop = new SimulationLoop(1);
        loop.Run(() => scenario(new Scene(loop, options)));
    }

    private sealed class Scene
    {
        private readonly SimulatedNetwork _network;
        private readonly PeerAddress _relay;

        public Scene(SimulationLoop loop, RelayOptions options)
        {
            Clock = loop.Clock;
            _network = new SimulatedNetwork(loop);
            var key = NodeKey.Create();
            MemoryTransport transport = _network.Attach(key.Id, TestIdentity.Hello("test"));
            var links = new LinkPool(transport, key.Id, Clock);
            Service = new RelayService(links, Clock, options);
            _ = links.RunAsync(CancellationToken.None);
            _relay = transport.Addresses[0];
        }

        public TimeProvider Clock { get; }

        public RelayService Service { get; }

        public async Task<Peer> AddAsync()
        {
            var key = NodeKey.Create();
            var links = new LinkPool(_network.Attach(key.Id, TestIdentity.Hello("test")), key.Id, Clock);
            var peer = new Peer(key.Id, Clock);
            links.Handle(Envelope.BodyOneofCase.Incoming, (_, stream, cancel) => peer.TakeAsync(stream, cancel));
            _ = links.RunAsync(CancellationToken.None);
            peer.Link = await links.GetAsync(_relay, CancellationToken.None);
            return peer;
        }

        public async Task<Peer> ReserveAsync()
        {
            Peer peer = await AddAsync();
            Assert.That(await peer.ReserveAsync(), Is.Null);
            return peer;
        }
    }

    private sealed class Peer(NodeId id, TimeProvider clock)
    {
        public NodeId Id => id;

        public ILink Link { get; set; } = null!;

        public List<ILinkStream> Circuits { get; } = [];

        public int Received { get; private set; }

        // Null when it was granted.
        public async Task<Fault?> ReserveAsync()
        {
            try
            {
                _ = await Link.RequestAsync(
                    new Envelope { Reserve = new Reserve() },
                    StreamPriority.Control,
                    TimeSpan.FromSeconds(10),
                    clock,
                    CancellationToken.None);
                return null;
            }
            catch (FaultException e)
            {
                return e.Fault;
            }
        }

        public async Task<Fault?> ConnectAsync(NodeId node)
        {
            ILinkStream stream = await Link.OpenAsync(StreamPriority.Decode, CancellationToken.None);
            byte[] bytes = new byte[NodeId.Size];
            node.Write(bytes);

            try
            {
                var connect = new Connect { Node = ByteString.CopyFrom(bytes) };
                await stream.SendAsync(new Envelope { Connect = connect }, default, CancellationToken.None);
                Assert.That((await stream.ReceiveAsync(CancellationToken.None))?.Connected, Is.Not.Null);
                Circuits.Add(stream);
                return null;
            }
            catch (FaultException e)
            {
                return e.Fault;
            }
        }

        public async Task TakeAsync(ILinkStream stream, CancellationToken cancel)
        {
            await stream.SendAsync(new Envelope { Connected = new Connected() }, default, cancel);

            while (await stream.ReceiveAsync(cancel) is not null)
            {
                Received += stream.PayloadLength;
                await stream.ReadPayloadAsync(new byte[stream.PayloadLength], cancel);
            }
        }
    }
}
