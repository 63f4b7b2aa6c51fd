using Google.Protobuf;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Serving;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>What a stage does not open: each with the code that says what the origin may do about it.</summary>
[TestFixture]
public sealed class StageRefusalTests
{
    // What is changed in a ticket that is otherwise right, and how the stage answers.
    private static readonly (string What, Action<Ticket> Change, FaultCode Code)[] WrongTickets =
    [
        ("another swarm", ticket => ticket.Swarm = Bytes(SwarmId.Size), FaultCode.OtherSwarm),
        ("another model", ticket => ticket.Model = Bytes(32), FaultCode.NotServed),
        ("older numerics", ticket => ticket.Numerics--, FaultCode.Version),
        ("newer numerics", ticket => ticket.Numerics++, FaultCode.Version),
        ("no cache type", ticket => ticket.Kv = KvType.Unspecified, FaultCode.NotServed),
        ("an unknown cache type", ticket => ticket.Kv = (KvType)9, FaultCode.NotServed),
        ("no wire mode", ticket => ticket.Wire = WireMode.Unspecified, FaultCode.NotServed),
        ("an unknown wire mode", ticket => ticket.Wire = (WireMode)9, FaultCode.NotServed),
        ("no positions", ticket => ticket.ContextLength = 0, FaultCode.NotServed),
        ("a context one too long", ticket => ticket.ContextLength = 4097, FaultCode.NotServed),
        ("a context beyond all integers", ticket => ticket.ContextLength = uint.MaxValue, FaultCode.NotServed),
        ("an expiry that is now", ticket => ticket.ExpiresMs = 0, FaultCode.BadTicket),
        ("another node's stage", ticket => ticket.Stages[1].Node = NodeBytes(StageByHand.Stranger), FaultCode.BadTicket),
        ("blocks that are not held", ticket => ticket.Stages[0].Last = ticket.Stages[1].First = 1, FaultCode.NotServed),
        ("a route that leaves the last block out", ticket => ticket.Stages[1].Last = 5, FaultCode.BadTicket),
        ("a route beyond the model", ticket => ticket.Stages[1].Last = 7, FaultCode.NotServed),
        ("a route with a gap", ticket => ticket.Stages[0].Last = 1, FaultCode.BadTicket),
        ("no stages", ticket => ticket.Stages.Clear(), FaultCode.BadTicket),
        ("a short session id", ticket => ticket.Session = Bytes(15), FaultCode.BadTicket),
    ];

    // The same for what surrounds the ticket.
    private static readonly (string What, Action<OpenSession> Change, FaultCode Code)[] WrongOpenings =
    [
        ("the seat of another", open => open.Stage = 0, FaultCode.BadTicket),
        ("a seat beyond the route", open => open.Stage = 2, FaultCode.BadTicket),
        ("a seat beyond all integers", open => open.Stage = uint.MaxValue, FaultCode.BadTicket),
        ("more committed than reserved", open => open.Committed = 65, FaultCode.BadTicket),
        ("no ticket", open => open.Ticket = new SignedTicket(), FaultCode.BadTicket),
        ("no sampling", open => open.Sampling = null, FaultCode.NotServed),
        ("a temperature that is no number", open => open.Sampling.Temperature = float.NaN, FaultCode.NotServed),
        ("a negative temperature", open => open.Sampling.Temperature = -1, FaultCode.NotServed),
        ("no probability at all", open => open.Sampling.TopP = 0, FaultCode.NotServed),
        ("a penalty of nothing", open => open.Sampling.RepeatPenalty = 0, FaultCode.NotServed),
        ("more positions than reserved", open => open.Sampling.PositionsMax = 65, FaultCode.NotServed),
        ("too many stop ids", open => open.Sampling.StopIds.AddRange(new uint[65]), FaultCode.NotServed),
    ];

    private static IEnumerable<string> TicketNames => WrongTickets.Select(row => row.What);

    private static IEnumerable<string> OpeningNames => WrongOpenings.Select(row => row.What);

    [TestCaseSource(nameof(TicketNames))]
    public void A_ticket_is_refused_for(string what)
        => StageByHand.Run(async stage =>
        {
            (_, Action<Ticket> change, FaultCode code) = WrongTickets.Single(row => row.What == what);
            Ticket ticket = stage.NewTicket();
            change(ticket);
            await AssertRefusedAsync(stage, StageByHand.NewOpen(Tickets.Sign(StageByHand.Origin, ticket)), code);
        });

    [TestCaseSource(nameof(OpeningNames))]
    public void An_opening_is_refused_for(string what)
        => StageByHand.Run(async stage =>
        {
            (_, Action<OpenSession> change, FaultCode code) = WrongOpenings.Single(row => row.What == what);
            OpenSession open = StageByHand.NewOpen(Tickets.Sign(StageByHand.Origin, stage.NewTicket()));
            change(open);
            await AssertRefusedAsync(stage, open, code);
        });

    [Test]
    public void A_ticket_opens_for_nobody_but_who_signed_it()
        => StageByHand.Run(async stage =>
        {
            OpenSession open = StageByHand.NewOpen(Tickets.Sign(StageByHand.Origin, stage.NewTicket()));

            Assert.That(await stage.RefusalAsync(open, StageByHand.Predecessor), Is.EqualTo(FaultCode.BadTicket));
            Assert.That(await stage.RefusalAsync(open, StageByHand.Stranger), Is.EqualTo(FaultCode.BadTicket));
        });

    [Test]
    public void A_session_opens_again_for_nobody_but_its_origin()
        => StageByHand.Run(async stage =>
        {
            _ = await stage.OpenAsync(stage.NewTicket());
            OpenSession open = StageByHand.NewOpen(Tickets.Sign(StageByHand.Stranger, stage.NewTicket(2)));

            Assert.That(await stage.RefusalAsync(open, StageByHand.Stranger), Is.EqualTo(FaultCode.BadTicket));
            Assert.That(stage.Node.Service.SessionCount, Is.EqualTo(1));
        });

    [Test]
    public void The_same_epoch_never_opens_twice()
        => StageByHand.Run(async stage =>
        {
            _ = await stage.OpenAsync(stage.NewTicket());
            OpenSession again = StageByHand.NewOpen(Tickets.Sign(StageByHand.Origin, stage.NewTicket()));

            Assert.That(await stage.RefusalAsync(again, StageByHand.Origin), Is.EqualTo(FaultCode.StaleEpoch));
        });

    [Test]
    public void A_cache_one_byte_too_large_is_refused_with_no_room()
    {
        long needed = new ToyEngine(new BlockRange(2, 6), SimulatedSessions.Blocks)
            .KvBytes(new BlockRange(2, 6), StageByHand.ContextLength, KvType.F16);

        StageByHand.Run(
            async stage =>
            {
                OpenSession open = StageByHand.NewOpen(Tickets.Sign(StageByHand.Origin, stage.NewTicket()));
                Assert.That(await stage.RefusalAsync(open, StageByHand.Origin), Is.EqualTo(FaultCode.NoRoom));
                Assert.That(stage.Node.Service.SessionCount, Is.Zero);
                Assert.That(stage.Node.Service.KvBytesFree, Is.EqualTo(needed - 1));
            },
            () => new SimulatedSessions(seed: 1, serving: new ServingOptions { KvBytesMax = needed - 1 }));
        StageByHand.Run(
            async stage => Assert.That((await stage.OpenAsync(stage.NewTicket())).Position, Is.Zero),
            () => new SimulatedSessions(seed: 1, serving: new ServingOptions { KvBytesMax = needed }));
    }

    [Test]
    public void A_node_that_leaves_opens_nothing_new_and_repairs_what_it_has()
        => StageByHand.Run(async stage =>
        {
            _ = await stage.OpenAsync(stage.NewTicket());
            _ = await stage.Node.Service.DrainAsync(TimeSpan.Zero, CancellationToken.None);
            Ticket other = stage.NewTicket();
            other.Session = Bytes(16);
            OpenSession open = StageByHand.NewOpen(Tickets.Sign(StageByHand.Origin, other));

            Assert.That(await stage.RefusalAsync(open, StageByHand.Origin), Is.EqualTo(FaultCode.Leaving));
            Assert.That((await stage.OpenAsync(stage.NewTicket(2))).Position, Is.Zero);
        });

    // Refused, nothing reserved for it, and the same node still opens what is right.
    private static async Task AssertRefusedAsync(StageByHand stage, OpenSession open, FaultCode code)
    {
        Assert.That(await stage.RefusalAsync(open, StageByHand.Origin), Is.EqualTo(code));
        Assert.That(stage.Node.Service.SessionCount, Is.Zero);
        Assert.That(stage.Node.Service.KvBytesFree, Is.EqualTo(new ServingOptions().KvBytesMax));
        Assert.That((await stage.OpenAsync(stage.NewTicket())).Position, Is.Zero);
    }

    private static ByteString Bytes(int count) => ByteString.CopyFrom(new byte[count]);

    private static ByteString NodeBytes(NodeKey key) => StageByHand.Bytes(key.Id);
}
