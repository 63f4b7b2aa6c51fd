using System.Net;
using System.Text;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Relaying;

/// <summary>Real TLS between two nodes, through a relay that does what it likes with the bytes.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class CircuitTests
{
    private const string Secret = "nobody between us reads this sentence";

    [Test]
    public async Task Threat_32_A_relay_sees_nothing_of_what_it_carries()
    {
        await using var scene = new Scene();
        ILink link = await scene.DialAsync();

        Assert.That(link.Remote, Is.EqualTo(scene.Far.Id));
        Assert.That(link.Relay, Is.EqualTo(scene.Relay.Id));
        Assert.That(await scene.AskAsync(link), Is.EqualTo(Secret));
        Assert.That(scene.Carried.ToArray(), Has.Length.GreaterThan(1000));
        Assert.That(Encoding.Latin1.GetString(scene.Carried.ToArray()), Does.Not.Contain("between us"));
    }

    [Test]
    public async Task Threat_32_A_relay_that_changes_a_byte_ends_the_link()
    {
        await using var scene = new Scene();
        ILink link = await scene.DialAsync();
        Assert.That(await scene.AskAsync(link), Is.EqualTo(Secret));
        scene.Corrupts = true;
        Exception? error = await Catching.ErrorAsync(() => scene.AskAsync(link));

        Assert.That(error, Is.InstanceOf<LinkClosedException>().Or.InstanceOf<FaultException>());
        await Waiting.UntilAsync(() => link.Closed.IsCancellationRequested, TimeProvider.System);
    }

    [Test]
    public async Task Threat_32_Where_one_relay_changes_bytes_the_link_comes_up_through_the_other()
    {
        await using var scene = new Scene { Corrupts = true };
        ILink link = await scene.DialByBothAsync();

        Assert.That(scene.Carried.Length, Is.GreaterThan(0), "the first was tried");
        Assert.That(link.Relay, Is.EqualTo(scene.Spare.Id));
        Assert.That(await scene.AskAsync(link), Is.EqualTo(Secret));
    }

    [Test]
    public async Task Threat_32_A_relay_cannot_answer_in_the_place_of_a_node()
    {
        await using var scene = new Scene { AnswersItself = true };
        Exception? error = await Catching.ErrorAsync(scene.DialAsync);
        Assert.That(error, Is.TypeOf<LinkClosedException>());
    }

    [Test]
    public async Task Threat_50_While_a_key_is_replaced_a_circuit_opens_with_each_key_until_one_is_known()
    {
        using var old = SwarmKeyring.Create();
        using var both = new SwarmKeyring([SwarmKey.Create(), Copy(old.Primary)]);
        using var relays = new SwarmKeyring(both.Keys.Select(Copy));
        await using var scene = new Scene(both, relays, old);
        ILink link = await scene.DialAsync();

        Assert.That(link.Remote, Is.EqualTo(scene.Far.Id));
        Assert.That(await scene.AskAsync(link), Is.EqualTo(Secret));
        Assert.That(scene.Circuits, Is.EqualTo(2));
    }

    [Test]
    public async Task A_circuit_to_one_who_knows_none_of_the_keys_opens_not_more_often_than_there_are_keys()
    {
        using var strange = SwarmKeyring.Create();
        using var both = new SwarmKeyring([SwarmKey.Create(), SwarmKey.Create()]);
        using var relays = new SwarmKeyring([.. both.Keys.Select(Copy), Copy(strange.Primary)]);
        await using var scene = new Scene(both, relays, strange);
        Exception? error = await Catching.ErrorAsync(scene.DialAsync);

        Assert.That((error as LinkClosedException)?.IsTurnedAway, Is.True, error?.ToString());
        Assert.That(scene.Circuits, Is.EqualTo(2));
    }

    private static SwarmKey Copy(SwarmKey key)
    {
        byte[] secret = new byte[SwarmKey.Size];
        key.Write(secret);
        return SwarmKey.Read(secret);
    }

    // A caller, a relay written by hand, and a node behind it.
    private sealed class Scene : IAsyncDisposable
    {
        private readonly End _caller;

        public Scene(SwarmKeyring? callers = null, SwarmKeyring? relays = null, SwarmKeyring? fars = null)
        {
            _caller = new End(callers);
            Relay = new End(relays);
            Spare = new End(relays);
            Far = new End(fars);
            Relay.Links.Handle(Envelope.BodyOneofCase.Connect, CarryAsync);
            Spare.Links.Handle(
                Envelope.BodyOneofCase.Connect,
                (first, stream, cancel) => CarryAsync(Spare, first, stream, PassAsync, cancel));
            Far.Links.Handle(Envelope.BodyOneofCase.Incoming, async (_, stream, cancel) =>
            {
                await stream.SendAsync(new Envelope { Connected = new Connected() }, default, cancel);

                if (await Far.Transport.AcceptOverAsync(new Circuit(stream), cancel) is { } link)
                {
                    await link.UntilClosedAsync(cancel);
                }
            });
            Far.Links.Handle(Envelope.BodyOneofCase.FetchModel, async (_, stream, cancel) =>
                await stream.SendAsync(
                    new Envelope { ModelPart = new ModelPart() }, Encoding.Latin1.GetBytes(Secret), cancel));

            foreach (End end in (End[])[_caller, Relay, Spare, Far])
            {
                _ = end.Links.RunAsync(CancellationToken.None);
            }
        }

        public End Relay { get; }

        /// <summary>A relay that does as it should.</summary>
        public End Spare { get; }

        public End Far { get; }

        public int Circuits { get; private set; }

        public MemoryStream Carried { get; } = new();

        public bool Corrupts { get; set; }

        public bool AnswersItself { get; init; }

        public async Task<ILink> DialAsync()
        {
            _ = await Far.Links.GetAsync(Relay.Address, CancellationToken.None);
            PeerAddress address = Relay.Address with { Node = Far.Id, Relay = Relay.Id };
            return await _caller.Links.GetAsync(address, CancellationToken.None);
        }

        public async Task<ILink> DialByBothAsync()
        {
            foreach (End relay in (End[])[Relay, Spare])
            {
                _ = await Far.Links.GetAsync(relay.Address, CancellationToken.None);
            }

            return await _caller.Links.GetAsync(
                [
                    Relay.Address with { Node = Far.Id, Relay = Relay.Id },
                    Spare.Address with { Node = Far.Id, Relay = Spare.Id },
                ],
                CancellationToken.None);
        }

        public async Task<string> AskAsync(ILink link)
        {
            await using ILinkStream stream = await link.OpenAsync(StreamPriority.Control, CancellationToken.None);
            await stream.SendAsync(
                new Envelope { FetchModel = new FetchModel() }, default, CancellationToken.None);
            _ = await stream.ReceiveAsync(CancellationToken.None);
            byte[] text = new byte[stream.PayloadLength];
            await stream.ReadPayloadAsync(text, CancellationToken.None);
            return Encoding.Latin1.GetString(text);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (End end in (End[])[_caller, Far, Relay, Spare])
            {
                await end.DisposeAsync();
            }
        }

        private async Task CarryAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
        {
            Circuits++;

            if (AnswersItself)
            {
                await stream.SendAsync(new Envelope { Connected = new Connected() }, default, cancel);
                _ = await Relay.Transport.AcceptOverAsync(new Circuit(stream), cancel);
                return;
            }

            await CarryAsync(Relay, first, stream, PumpAsync, cancel);
        }

        private static async Task CarryAsync(
            End relay,
            Envelope first,
            ILinkStream stream,
            Func<ILinkStream, ILinkStream, CancellationToken, Task> pump,
            CancellationToken cancel)
        {
            Assert.That(relay.Links.TryGet(NodeId.Read(first.Connect.Node.Span), out ILink? far));
            await using ILinkStream onward = await far!.OpenAsync(StreamPriority.Decode, cancel);
            await onward.SendAsync(new Envelope { Incoming = new Incoming() }, default, cancel);
            _ = await onward.ReceiveAsync(cancel);
            await stream.SendAsync(new Envelope { Connected = new Connected() }, default, cancel);
            await Task.WhenAll(pump(stream, onward, cancel), pump(onward, stream, cancel));
        }

        private static async Task PassAsync(ILinkStream from, ILinkStream to, CancellationToken cancel)
        {
            while (await from.ReceiveAsync(cancel) is not null)
            {
                byte[] bytes = new byte[from.PayloadLength];
                await from.ReadPayloadAsync(bytes, cancel);
                await to.SendAsync(new Envelope { Carry = new Carry() }, bytes, cancel);
            }

            await to.EndAsync(cancel);
        }

        private async Task PumpAsync(ILinkStream from, ILinkStream to, CancellationToken cancel)
        {
            while (await from.ReceiveAsync(cancel) is not null)
            {
                byte[] bytes = new byte[from.PayloadLength];
                await from.ReadPayloadAsync(bytes, cancel);

                lock (Carried)
                {
                    Carried.Write(bytes);
                }

                bytes[^1] ^= Corrupts ? (byte)1 : (byte)0;
                await to.SendAsync(new Envelope { Carry = new Carry() }, bytes, cancel);
            }

            await to.EndAsync(cancel);
        }
    }

    private sealed class End : IAsyncDisposable
    {
        private readonly NodeKey _key = NodeKey.Create();

        public End(SwarmKeyring? keyring)
        {
            Transport = new TcpTransport(
                _key,
                TestIdentity.Hello("test"),
                new IPEndPoint(IPAddress.Loopback, 0),
                TimeProvider.System,
                keyring: keyring);
            Links = new LinkPool(Transport, _key.Id, TimeProvider.System);
        }

        public NodeId Id => _key.Id;

        public TcpTransport Transport { get; }

        public LinkPool Links { get; }

        public PeerAddress Address => Transport.Addresses[0];

        public async ValueTask DisposeAsync()
        {
            await Links.DisposeAsync();
            await Transport.DisposeAsync();
            _key.Dispose();
        }
    }
}
