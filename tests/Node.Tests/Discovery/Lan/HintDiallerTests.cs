using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Swarm.Node.Access;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>Hints become dials under a virtual clock, and links over real ones.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class HintDiallerTests
{
    [Test]
    public void The_first_node_that_proves_itself_ends_the_wait_whatever_else_is_announced([Range(1, 5)] int seed)
    {
        var loop = new SimulationLoop(seed);
        var lan = new ScriptedLan();
        NodeId honest = TestIdentity.Node(1);
        TimeSpan waited = TimeSpan.MaxValue;

        loop.Run(async () =>
        {
            // Six addresses swallow packets, five refuse.
            await using HintDialler dialler = Dialler(lan, loop, async (address, cancel) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(30), loop.Clock, cancel);

                if (address.Port >= 100)
                {
                    await Task.Delay(address.Port < 106 ? TimeSpan.FromHours(1) : TimeSpan.Zero, loop.Clock, cancel);
                    throw new LinkClosedException("Nobody.");
                }
            });
            dialler.Start();
            long start = loop.Clock.GetTimestamp();

            for (int number = 0; number < 11; number++)
            {
                lan.Announce(Hint(TestIdentity.Node(100 + number), 100 + number));
            }

            lan.Announce(Hint(honest, 1));
            Assert.That(await dialler.MeetFirstAsync(TimeSpan.FromSeconds(1), default), $"seed {seed}");
            waited = loop.Clock.GetElapsedTime(start);
        });

        Assert.That(waited, Is.LessThan(TimeSpan.FromSeconds(2)), $"seed {seed}");
    }

    [Test]
    public void Where_nobody_is_the_wait_ends_in_time()
    {
        var loop = new SimulationLoop(1);

        loop.Run(async () =>
        {
            await using HintDialler dialler = Dialler(new ScriptedLan(), loop, (_, _) => Task.CompletedTask);
            dialler.Start();
            long start = loop.Clock.GetTimestamp();
            Assert.That(await dialler.MeetFirstAsync(TimeSpan.FromSeconds(1.25), default), Is.False);
            Assert.That(loop.Clock.GetElapsedTime(start), Is.EqualTo(TimeSpan.FromSeconds(1.25)));
        });
    }

    [Test]
    public void Why_nobody_could_be_met_is_remembered()
    {
        var loop = new SimulationLoop(1);
        var lan = new ScriptedLan();

        loop.Run(async () =>
        {
            await using HintDialler dialler = Dialler(
                lan, loop, (_, _) => throw new FaultException(Protocol.Messages.FaultCode.Version, "Numerics 9."));
            dialler.Start();
            lan.Announce(Hint(TestIdentity.Node(1), 1));
            Assert.That(await dialler.MeetFirstAsync(TimeSpan.FromSeconds(1), default), Is.False);
            Assert.That(dialler.LastRefusal, Is.TypeOf<FaultException>());
        });
    }

    [Test]
    public async Task Threat_27_A_forged_goodbye_takes_back_the_hint_and_no_link()
    {
        await using SwarmMember ours = Member("ours");
        await using SwarmMember theirs = Member("theirs");
        var lan = new ScriptedLan();
        await using HintDialler dialler = ours.CreateDialler(lan, TimeProvider.System, NullLogger.Instance);
        dialler.Start();
        PeerAddress door = theirs.Addresses[0];
        var hint = new LanHint("theirs", theirs.Key.Id, default, [door]);
        lan.Announce(hint);
        Assert.That(await dialler.MeetFirstAsync(TimeSpan.FromSeconds(20), default));

        lan.TakeBack(hint.Instance);

        Assert.That(ours.Links.TryGet(theirs.Key.Id, out ILink? link));
        Assert.That(ours.Dht.Knows(theirs.Key.Id));
        Assert.That(await ours.Dht.FindNodesAsync(theirs.Key.Id, default), Has.Count.EqualTo(1));
        Assert.That(link!.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Threat_26_Who_answers_under_another_name_than_the_hint_s_is_not_met()
    {
        await using SwarmMember ours = Member("ours");
        await using SwarmMember liar = Member("liar");
        var lan = new ScriptedLan();
        await using HintDialler dialler = ours.CreateDialler(lan, TimeProvider.System, NullLogger.Instance);
        dialler.Start();
        NodeId victim = TestIdentity.Node(1);
        lan.Announce(new LanHint("victim", victim, default, [liar.Addresses[0] with { Node = victim }]));

        Assert.That(await dialler.MeetFirstAsync(TimeSpan.FromSeconds(1), default), Is.False);
        Assert.That(ours.Links.Links, Is.Empty);
        Assert.That(dialler.LastRefusal, Is.Not.Null);
    }

    private static HintDialler Dialler(
        ScriptedLan lan, SimulationLoop loop, Func<PeerAddress, CancellationToken, Task> meet)
        => new(lan, meet, _ => false, () => true, loop.Clock, loop.Random, NullLogger.Instance);

    private static LanHint Hint(NodeId node, int port)
        => new($"instance-{port}", node, default, [new PeerAddress("192.168.1.9", port, node)]);

    private static SwarmMember Member(string name)
    {
        var options = new NodeOptions
        {
            ModelFile = "",
            ModelName = "",
            MemoryBytes = 1,
            Swarm = "hints",
            Keys = new KeySource("") { IsPublic = true },
            Name = name,
            Folder = "",
            Threads = 1,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        };
        var member = SwarmMember.CreateNode(
            options, NodeKey.Create(), keyring: null, TimeProvider.System, NullLogger.Instance);
        member.Start();
        return member;
    }

    /// <summary>A network that tells what the test says.</summary>
    private sealed class ScriptedLan : ILanDiscovery
    {
        public event Action<LanHint>? Found;

        public event Action<string>? Gone;

        public void Announce(LanHint hint) => Found?.Invoke(hint);

        public void TakeBack(string instance) => Gone?.Invoke(instance);

        public void Start()
        {
        }

        public void Withdraw()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
