using Google.Protobuf;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;

namespace Swarm.Simulation.Tests;

/// <summary>Peers that push what they may not, or what is not sound: nothing of it is computed.</summary>
[TestFixture]
public sealed class SessionHostileTests
{
    private static readonly int[] Ids = [.. Enumerable.Repeat(5, 25)];

    [Test]
    public void A_forged_push_is_refused()
        => StageByHand.Run(async stage =>
        {
            SignedTicket ticket = Tickets.Sign(StageByHand.Origin, stage.NewTicket());
            _ = await stage.OpenAsync(StageByHand.NewOpen(ticket));
            SignedTicket forged = Tickets.Sign(StageByHand.Predecessor, stage.NewTicket());
            SignedTicket changed = ticket.Clone();
            changed.Ticket = ByteString.CopyFrom([.. ticket.Ticket.Span[..^1], (byte)(ticket.Ticket.Span[^1] ^ 1)]);
            Ticket unknown = stage.NewTicket();
            unknown.Session = ByteString.CopyFrom(new byte[16]);

            await AssertRefusedAsync(stage, StageByHand.Stranger, ticket, FaultCode.BadTicket);
            await AssertRefusedAsync(stage, StageByHand.Predecessor, forged, FaultCode.BadTicket);
            await AssertRefusedAsync(stage, StageByHand.Predecessor, changed, FaultCode.BadTicket);
            await AssertRefusedAsync(
                stage,
                StageByHand.Predecessor,
                Tickets.Sign(StageByHand.Origin, unknown),
                FaultCode.UnknownSession);
            Assert.That(stage.Node.Recorder.MostOften, Is.Zero);
        });

    [Test]
    public void One_value_that_is_no_number_at_any_place_blames_its_sender_and_writes_nothing()
        => StageByHand.Run(async stage =>
        {
            for (int at = 0; at < Ids.Length * StageByHand.Width; at++)
            {
                uint epoch = (uint)(at + 1);
                SignedTicket ticket = Tickets.Sign(StageByHand.Origin, stage.NewTicket(epoch));
                (ILinkStream control, _) = await stage.OpenAsync(StageByHand.NewOpen(ticket));
                float[] rows = new float[Ids.Length * StageByHand.Width];
                rows[at] = at % 2 == 0 ? float.NaN : float.NegativeInfinity;
                ILinkStream hop = await stage.HopAsync(StageByHand.Predecessor, ticket);
                await StageByHand.PushAsync(hop, StageByHand.NewStep(epoch, 0, Ids, rows), rows);
                Fault fault = (await control.ReceiveAsync(CancellationToken.None))!.Fault;

                Assert.That(fault.Code, Is.EqualTo(FaultCode.HopFailed));
                Assert.That(NodeId.Read(fault.Peer.Span), Is.EqualTo(StageByHand.Predecessor.Id));
            }

            Assert.That(stage.Node.Recorder.MostOften, Is.Zero);
        });

    private static async Task AssertRefusedAsync(
        StageByHand stage,
        NodeKey sender,
        SignedTicket ticket,
        FaultCode expected)
    {
        ILinkStream hop = await stage.HopAsync(sender, ticket);
        await StageByHand.PushAsync(hop, 1, 0, Ids);
        Assert.That(await StageByHand.EndAsync(hop), Is.EqualTo(expected));
    }
}
