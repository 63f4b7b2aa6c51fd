using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>Where a stage stands: steps that do not continue it, are replayed, taken back, or come too late.</summary>
[TestFixture]
public sealed class StagePositionTests
{
    private static readonly int[] Ids = SimulatedSessions.Prompt(60);

    [Test]
    public void A_step_beyond_what_is_held_is_answered_with_what_is_held()
        => StageByHand.Run(async stage =>
        {
            (ILinkStream control, ILinkStream hop) = await BeginAsync(stage);
            await PushAsync(hop, 7, 20);

            AssertMismatch(await HearAsync(control), 0);
            Assert.That(stage.Node.Recorder.MostOften, Is.Zero);
        });

    [Test]
    public void A_replay_of_the_same_ids_computes_again_and_writes_nothing()
        => StageByHand.Run(async stage =>
        {
            (ILinkStream control, ILinkStream hop) = await BeginAsync(stage);
            await PushAsync(hop, 0, 20);
            await PushAsync(hop, 5, 10);
            await PushAsync(hop, 15, 30);

            Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(20));
            Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(10));
            Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(30));
        });

    [Test]
    public void A_replay_with_another_id_at_any_position_is_refused_and_changes_nothing()
        => StageByHand.Run(async stage =>
        {
            for (int at = 0; at < 20; at++)
            {
                (ILinkStream control, ILinkStream hop) = await BeginAsync(stage, (uint)(at + 1));
                int[] other = [.. Ids.Take(22).Select((id, i) => i == at ? id + 1 : id)];

                if (at == 0)
                {
                    await PushAsync(hop, 0, 20);
                    Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(20));
                }

                await StageByHand.PushAsync(hop, (uint)(at + 1), 0, other);
                Assert.That((await HearAsync(control)).Fault?.Code, Is.EqualTo(FaultCode.PositionMismatch));
            }

            (_, uint position) = await stage.OpenAsync(stage.NewTicket(21));
            Assert.That(position, Is.EqualTo(20));
            Assert.That(stage.Node.Recorder.MostOften, Is.EqualTo(1));
        });

    [Test]
    public void A_frame_of_another_epoch_is_dropped_without_a_word()
        => StageByHand.Run(async stage =>
        {
            (ILinkStream control, ILinkStream hop) = await BeginAsync(stage, 2);
            await StageByHand.PushAsync(hop, 1, 0, Ids[..20]);
            await StageByHand.PushAsync(hop, 3, 0, Ids[..20]);
            await StageByHand.PushAsync(hop, 2, 0, Ids[..3]);

            Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(3));
            Assert.That(stage.Node.Recorder.Computed(2, 0), Is.EqualTo(1));
            Assert.That(stage.Node.Recorder.Computed(2, 3), Is.Zero);
        });

    [Test]
    public void A_newer_epoch_ends_the_older_hops_and_refuses_older_tickets()
        => StageByHand.Run(async stage =>
        {
            (_, ILinkStream old) = await BeginAsync(stage, 1);
            await PushAsync(old, 0, 20);
            await Task.Delay(TimeSpan.FromSeconds(1), stage.Simulation.Loop.Clock);
            (_, uint position) = await stage.OpenAsync(stage.NewTicket(2), committed: 12);

            Assert.That(position, Is.EqualTo(12));
            Assert.That(
                await StageByHand.EndAsync(old),
                Is.EqualTo(FaultCode.StaleEpoch).Or.EqualTo(FaultCode.Cancelled));
            SignedTicket stale = Tickets.Sign(StageByHand.Origin, stage.NewTicket(1));
            ILinkStream late = await stage.HopAsync(StageByHand.Predecessor, stale);
            Assert.That(await StageByHand.EndAsync(late), Is.EqualTo(FaultCode.StaleEpoch));
            Assert.That(
                await stage.RefusalAsync(StageByHand.NewOpen(stale), StageByHand.Origin),
                Is.EqualTo(FaultCode.StaleEpoch));
        });

    [Test]
    public void What_is_truncated_is_forgotten_and_may_be_other_ids_afterwards()
        => StageByHand.Run(async stage =>
        {
            (ILinkStream control, ILinkStream hop) = await BeginAsync(stage);
            await PushAsync(hop, 0, 20);
            _ = await HearAsync(control);
            await TruncateAsync(control, 12);
            await TruncateAsync(control, uint.MaxValue);
            Assert.That((await ProbeAsync(control)).Computed, Is.EqualTo(12));

            await StageByHand.PushAsync(hop, 1, 12, [7, 8, 9]);
            Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(15));
            await PushAsync(hop, 20, 25);
            AssertMismatch(await HearAsync(control), 15);
        });

    [Test]
    public void A_truncation_overtakes_the_steps_that_wait_and_waits_for_the_one_that_computes()
        => StageByHand.Run(async stage =>
        {
            var executor = (VirtualExecutor)stage.Node.Executor;
            (ILinkStream control, ILinkStream hop) = await BeginAsync(stage);
            executor.Stall();
            await PushAsync(hop, 0, 20);
            await PushAsync(hop, 20, 30);
            await PushAsync(hop, 30, 40);
            await Task.Delay(TimeSpan.FromMilliseconds(500), stage.Simulation.Loop.Clock);
            await TruncateAsync(control, 12);
            await Task.Delay(TimeSpan.FromMilliseconds(500), stage.Simulation.Loop.Clock);
            executor.Resume();

            Assert.That((await HearAsync(control)).Filled.Position, Is.EqualTo(20), "what computed is waited for");
            AssertMismatch(await HearAsync(control), 12);
            (_, uint position) = await stage.OpenAsync(stage.NewTicket(2));
            Assert.That(position, Is.EqualTo(12));
            Assert.That(stage.Node.Recorder.Computed(2, 20), Is.Zero, "what waited is not computed");
        });

    [Test]
    public void A_truncation_of_an_older_epoch_changes_nothing()
        => StageByHand.Run(async stage =>
        {
            (ILinkStream old, ILinkStream hop) = await BeginAsync(stage);
            await PushAsync(hop, 0, 20);
            _ = await HearAsync(old);
            (ILinkStream control, _) = await stage.OpenAsync(stage.NewTicket(2));
            await TruncateAsync(old, 3);
            await Task.Delay(TimeSpan.FromSeconds(1), stage.Simulation.Loop.Clock);

            Assert.That((await ProbeAsync(control)).Computed, Is.EqualTo(20));
        });

    private static async Task<(ILinkStream Control, ILinkStream Hop)> BeginAsync(StageByHand stage, uint epoch = 1)
    {
        SignedTicket ticket = Tickets.Sign(StageByHand.Origin, stage.NewTicket(epoch));
        (ILinkStream control, _) = await stage.OpenAsync(StageByHand.NewOpen(ticket));
        return (control, await stage.HopAsync(StageByHand.Predecessor, ticket));
    }

    private static Task PushAsync(ILinkStream hop, int from, int to)
        => StageByHand.PushAsync(hop, 1, from, Ids[from..to]);

    private static async Task<Envelope> HearAsync(ILinkStream control)
        => (await control.ReceiveAsync(CancellationToken.None))!;

    private static async Task TruncateAsync(ILinkStream control, uint position)
    {
        var truncate = new Truncate { Position = position };
        await control.SendAsync(new Envelope { Truncate = truncate }, default, CancellationToken.None);
    }

    private static async Task<Progress> ProbeAsync(ILinkStream control)
    {
        await control.SendAsync(new Envelope { Probe = new Probe() }, default, CancellationToken.None);
        return (await HearAsync(control)).Progress;
    }

    private static void AssertMismatch(Envelope answer, int position)
    {
        Assert.That(answer.Fault?.Code, Is.EqualTo(FaultCode.PositionMismatch));
        Assert.That(answer.Fault!.Position, Is.EqualTo(position));
    }
}
