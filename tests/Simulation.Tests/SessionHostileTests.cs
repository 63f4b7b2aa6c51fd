using System.Numerics;
using System.Runtime.InteropServices;
using Google.Protobuf;
using NUnit.Framework;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>Peers that push what they may not, or what is not sound: nothing of it is computed.</summary>
[TestFixture]
public sealed class SessionHostileTests
{
    private const int Width = 4;
    private const int Rows = 25;

    private static readonly NodeKey Origin = NodeKey.Create();
    private static readonly NodeKey Predecessor = NodeKey.Create();
    private static readonly NodeKey Stranger = NodeKey.Create();

    [OneTimeTearDown]
    public void Forget()
    {
        Origin.Dispose();
        Predecessor.Dispose();
        Stranger.Dispose();
    }

    [Test]
    public void A_forged_push_is_refused()
        => Run(async (simulation, node) =>
        {
            SignedTicket ticket = Tickets.Sign(Origin, NewTicket(node));
            _ = await OpenAsync(simulation, node, ticket);

            Assert.That(await PushAsync(simulation, node, Stranger, ticket), Is.EqualTo(FaultCode.BadTicket));
            SignedTicket forged = Tickets.Sign(Predecessor, NewTicket(node));
            Assert.That(await PushAsync(simulation, node, Predecessor, forged), Is.EqualTo(FaultCode.BadTicket));
            SignedTicket changed = ticket.Clone();
            changed.Ticket = ByteString.CopyFrom([.. ticket.Ticket.Span[..^1], (byte)(ticket.Ticket.Span[^1] ^ 1)]);
            Assert.That(await PushAsync(simulation, node, Predecessor, changed), Is.EqualTo(FaultCode.BadTicket));
            Ticket unknown = NewTicket(node);
            unknown.Session = ByteString.CopyFrom(new byte[16]);
            Assert.That(
                await PushAsync(simulation, node, Predecessor, Tickets.Sign(Origin, unknown)),
                Is.EqualTo(FaultCode.UnknownSession));
            Assert.That(node.Recorder.MostOften, Is.Zero);
        });

    [Test]
    public void One_value_that_is_no_number_at_any_place_blames_its_sender_and_writes_nothing()
        => Run(async (simulation, node) =>
        {
            for (int at = 0; at < Rows * Width; at++)
            {
                Ticket ticket = NewTicket(node);
                ticket.Epoch = (uint)(at + 1);
                SignedTicket signed = Tickets.Sign(Origin, ticket);
                ILinkStream control = await OpenAsync(simulation, node, signed);
                float[] rows = new float[Rows * Width];
                rows[at] = at % 2 == 0 ? float.NaN : float.NegativeInfinity;
                _ = await PushAsync(simulation, node, Predecessor, signed, NewStep(ticket.Epoch, 0, rows), rows);
                Fault fault = (await control.ReceiveAsync(CancellationToken.None))!.Fault;

                Assert.That(fault.Code, Is.EqualTo(FaultCode.HopFailed));
                Assert.That(NodeId.Read(fault.Peer.Span), Is.EqualTo(Predecessor.Id));
            }

            Assert.That(node.Recorder.MostOften, Is.Zero);
        });

    [Test]
    public void A_step_beyond_what_is_held_is_answered_with_what_is_held()
        => Run(async (simulation, node) =>
        {
            SignedTicket ticket = Tickets.Sign(Origin, NewTicket(node));
            ILinkStream control = await OpenAsync(simulation, node, ticket);
            float[] rows = new float[Rows * Width];
            _ = PushAsync(simulation, node, Predecessor, ticket, NewStep(1, 7, rows), rows);
            Fault fault = (await control.ReceiveAsync(CancellationToken.None))!.Fault;

            Assert.That(fault.Code, Is.EqualTo(FaultCode.PositionMismatch));
            Assert.That(fault.Position, Is.Zero);
            Assert.That(node.Recorder.MostOften, Is.Zero);
        });

    private static void Run(Func<SimulatedSessions, StageNode, Task> story)
    {
        var simulation = new SimulatedSessions(seed: 1);
        simulation.Loop.Run(() => story(simulation, simulation.Add(2, 6)));
    }

    private static Ticket NewTicket(StageNode node)
    {
        var ticket = new Ticket
        {
            Session = ByteString.CopyFrom([.. Enumerable.Range(1, 16).Select(i => (byte)i)]),
            Epoch = 1,
            Swarm = ByteString.CopyFrom(SessionSwarm.Swarm.ToByteArray()),
            Model = node.Offer.Model,
            Numerics = 1,
            Kv = KvType.F16,
            Wire = WireMode.F32,
            ContextLength = 64,
            ExpiresMs = 3_600_000,
        };
        ticket.Stages.Add(new RouteStage { Node = Bytes(Predecessor.Id), First = 0, Last = 2 });
        ticket.Stages.Add(new RouteStage { Node = Bytes(node.Id), First = 2, Last = 6 });
        return ticket;
    }

    private static ByteString Bytes(NodeId id)
    {
        byte[] bytes = new byte[NodeId.Size];
        id.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private static async Task<ILink> DialAsync(SimulatedSessions simulation, StageNode node, NodeKey key)
    {
        MemoryTransport transport = simulation.Network.Attach(key.Id, TestIdentity.Hello(SessionSwarm.Name), false);
        return await transport.DialAsync(node.Transport.Addresses[0], CancellationToken.None);
    }

    private static async Task<ILinkStream> OpenAsync(SimulatedSessions simulation, StageNode node, SignedTicket ticket)
    {
        ILink link = await DialAsync(simulation, node, Origin);
        ILinkStream control = await link.OpenAsync(StreamPriority.Control, CancellationToken.None);
        Sampling sampling = SessionSwarm.NewSampling(1);
        sampling.PositionsMax = 64;
        var open = new OpenSession { Ticket = ticket, Stage = 1, Committed = 40, Sampling = sampling, LeaseMs = 10_000 };
        await control.SendAsync(new Envelope { OpenSession = open }, default, CancellationToken.None);
        Envelope? answer = await control.ReceiveAsync(CancellationToken.None);
        Assert.That(answer?.SessionOpened, Is.Not.Null);
        return control;
    }

    // Pushes as this node and says with which code the hop was reset.
    private static async Task<FaultCode> PushAsync(
        SimulatedSessions simulation,
        StageNode node,
        NodeKey sender,
        SignedTicket ticket,
        Step? step = null,
        float[]? rows = null)
    {
        rows ??= new float[Rows * Width];
        ILink link = await DialAsync(simulation, node, sender);
        ILinkStream hop = await link.OpenAsync(StreamPriority.Decode, CancellationToken.None);

        try
        {
            var open = new OpenHop { Ticket = ticket, Stage = 1 };
            await hop.SendAsync(new Envelope { OpenHop = open }, default, CancellationToken.None);
            byte[] payload = MemoryMarshal.AsBytes(rows.AsSpan()).ToArray();
            await hop.SendAsync(new Envelope { Step = step ?? NewStep(1, 0, rows) }, payload, CancellationToken.None);
            _ = await hop.ReceiveAsync(CancellationToken.None);
            return FaultCode.Unspecified;
        }
        catch (FaultException e)
        {
            return e.Code;
        }
    }

    private static Step NewStep(uint epoch, uint position, float[] rows)
    {
        uint crc = uint.MaxValue;

        foreach (byte part in MemoryMarshal.AsBytes(rows.AsSpan()))
        {
            crc = BitOperations.Crc32C(crc, part);
        }

        var step = new Step { Epoch = epoch, Position = position, Target = 1 };
        step.Tokens.AddRange(Enumerable.Repeat(5u, Rows));
        step.Tensor = new TensorHeader { Type = DataType.F32, Rows = Rows, Columns = Width, Crc32C = ~crc };
        return step;
    }
}
