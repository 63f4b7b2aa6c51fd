using NUnit.Framework;
using Swarm.Node.Diagnosis;
using Swarm.Node.Membership;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Reaching;

/// <summary>Nodes that nobody can dial are reached through relays, and without them where that can be.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RelayStories
{
    [Test]
    public void A_hidden_node_keeps_places_at_two_relays_and_is_reached_there([Values(1, 2)] int seed)
        => Tell(seed, async (loop, swarm, hidden) =>
        {
            Assert.That(hidden.AtRelays, Has.Length.EqualTo(2), $"seed {seed}");
            Assert.That(hidden.Transport.Hello.Addresses.Count(address => !address.Relay.IsEmpty), Is.EqualTo(2));
            LinkPool guest = swarm.AddGuest();
            ILink link = await guest.GetAsync(hidden.AtRelays[0], default);

            Assert.That(link.Remote, Is.EqualTo(hidden.Id));
            Assert.That(link.Relay, Is.EqualTo(hidden.AtRelays[0].Relay));
            Assert.That(await ReachSwarm.ReachMember.AnswersAsync(link, loop.Clock));

            // As routes name it: its own address first, which swallows what is sent there.
            ILink other = await swarm.AddGuest().GetAsync(hidden.Transport.Addresses, default);
            Assert.That(await ReachSwarm.ReachMember.AnswersAsync(other, loop.Clock));
        });

    [Test]
    public void Who_can_be_dialled_is_dialled_back_and_the_relay_is_left_alone()
        => Tell(3, async (loop, swarm, hidden) =>
        {
            ReachSwarm.ReachMember caller = swarm.Members.First(one =>
                one != hidden && hidden.AtRelays.All(address => address.Relay != one.Id));
            Drop(caller, hidden);
            ILink link = await caller.Links.GetAsync(hidden.AtRelays[0], default);

            Assert.That(link.Relay, Is.Null);
            Assert.That(link.IsDialler, Is.False, "the hidden node dialled");
            Assert.That(await ReachSwarm.ReachMember.AnswersAsync(link, loop.Clock));
        });

    [Test]
    public void Two_hidden_nodes_talk_through_a_relay_or_meet_without_it([Values] bool symmetric)
        => Tell(4, symmetric, async (loop, swarm, hidden) =>
        {
            ReachSwarm.ReachMember other = await swarm.JoinAsync(hidden: true, symmetric);
            await swarm.WaitAsync(60);
            ILink link = await other.Links.GetAsync(hidden.Transport.Addresses, default);

            Assert.That(link.Relay is not null, Is.EqualTo(symmetric));
            Assert.That(link.IsDialler, "who called leads");
            Assert.That(await ReachSwarm.ReachMember.AnswersAsync(link, loop.Clock));

            // Both use the same one, and the other goes when nothing runs on it.
            Assert.That(hidden.Links.TryGet(other.Id, out ILink? back));
            Assert.That(back!.Relay, Is.EqualTo(link.Relay));
            await swarm.WaitAsync(60);
            Assert.That(link.IsClosed, Is.False);
        });

    [Test]
    public void The_doctor_knows_by_two_relays_whether_the_router_keeps_a_port([Values] bool symmetric)
    {
        int port = 31000;
        Tell(
            7,
            symmetric,
            async (loop, swarm, hidden) =>
            {
                Assert.That(hidden.AtRelays, Has.Length.EqualTo(2));
                LinksShown shown = OwnNode.Show(hidden.Links, swarm.AddGuest().Self);
                Finding found = Findings.OutsidePort(
                    new NodeHere(hidden.Address, IsMeant: true),
                    new SwarmVisit { OwnNode = hidden.Transport.Hello, Links = OwnNode.Read(shown) });

                Assert.That(found.State, Is.EqualTo(symmetric ? FindingState.Limited : FindingState.Works), found.Says);
                Assert.That(found.Says, Does.Contain("2 nodes see this one at 5.5.5.1:310"));
                Assert.That(found.Advice, symmetric ? Does.Contain("forward TCP port") : Is.Null);
            },
            member => member.Links.LinkUp += link => link.RemoteHello.Observed = new Address
            {
                Host = "5.5.5.1",
                Port = (uint)(symmetric ? ++port : port),
            });
    }

    [Test]
    public void Threat_32_When_a_relay_goes_another_takes_its_place()
        => Tell(5, async (loop, swarm, hidden) =>
        {
            PeerAddress gone = hidden.AtRelays[0];
            swarm.Network.Kill(gone.Relay!.Value);
            await swarm.WaitAsync(60);

            Assert.That(hidden.AtRelays, Has.Length.EqualTo(2));
            Assert.That(hidden.AtRelays, Has.None.EqualTo(gone));
            ILink link = await swarm.AddGuest().GetAsync(hidden.AtRelays, default);
            Assert.That(await ReachSwarm.ReachMember.AnswersAsync(link, loop.Clock));
        });

    [Test]
    public void A_node_that_can_be_dialled_again_gives_its_places_back()
        => Tell(6, async (loop, swarm, hidden) =>
        {
            swarm.Network.Open(hidden.Id);
            await swarm.WaitAsync(17 * 60);
            Assert.That(hidden.AtRelays, Is.Empty);
        });

    private static void Tell(int seed, Func<SimulationLoop, ReachSwarm, ReachSwarm.ReachMember, Task> story)
        => Tell(seed, symmetric: true, story);

    // Four nodes that can be dialled, and one that cannot.
    private static void Tell(
        int seed,
        bool symmetric,
        Func<SimulationLoop, ReachSwarm, ReachSwarm.ReachMember, Task> story,
        Action<ReachSwarm.ReachMember>? prepare = null)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var swarm = new ReachSwarm(loop);

            for (int i = 0; i < 4; i++)
            {
                _ = await swarm.JoinAsync();
            }

            ReachSwarm.ReachMember hidden = await swarm.JoinAsync(hidden: true, symmetric, prepare);
            await swarm.WaitAsync(60);
            await story(loop, swarm, hidden);
        });
    }

    private static void Drop(ReachSwarm.ReachMember one, ReachSwarm.ReachMember other)
    {
        if (one.Links.TryGet(other.Id, out ILink? link))
        {
            link.Abort(Protocol.Messages.FaultCode.Cancelled, "The story begins without it.");
        }
    }
}
