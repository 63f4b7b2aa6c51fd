using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Membership;

/// <summary>A node that nobody can dial serves nobody in the DHT, and is a way in all the same.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class NamedDoorsTests
{
    [Test]
    public async Task Through_a_node_that_serves_nobody_one_gets_to_those_it_knows([Values] bool byChance)
    {
        await using SwarmMember server = Member(server: true);
        await using SwarmMember hidden = Member(server: false);
        await using SwarmMember guest = Member(server: false);
        await hidden.EnterAsync(server.Addresses, remembered: [], default);
        Assert.That(hidden.Dht.Knows(server.Key.Id));

        await (byChance
            ? guest.MeetAsync(hidden.Addresses[0], default)
            : guest.EnterAsync(hidden.Addresses, remembered: [], default));

        Assert.That(guest.Dht.Knows(server.Key.Id));
        Assert.That(guest.Dht.Knows(hidden.Key.Id), Is.False);
        Assert.That(await guest.Dht.FindNodesAsync(server.Key.Id, default), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_node_that_serves_nobody_and_knows_nobody_is_no_way_in()
    {
        await using SwarmMember hidden = Member(server: false);
        await using SwarmMember guest = Member(server: false);
        Exception? error = await Catching.ErrorAsync(() => guest.MeetAsync(hidden.Addresses[0], default));

        Assert.That(error, Is.TypeOf<LinkClosedException>());
        Assert.That(error!.Message, Does.Contain("neither does anybody it knows"));
    }

    [Test]
    public async Task A_guest_who_is_in_does_not_wait_for_a_door_where_nobody_speaks()
    {
        await using SwarmMember server = Member(server: true);
        await using SwarmMember guest = Member(server: false);
        using var mute = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        mute.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        mute.Listen();
        var door = new PeerAddress("127.0.0.1", ((IPEndPoint)mute.LocalEndPoint!).Port);
        long began = Stopwatch.GetTimestamp();
        await guest.EnterAsync([door, server.Addresses[0]], remembered: [], default);

        Assert.That(guest.Dht.Knows(server.Key.Id));
        Assert.That(Stopwatch.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(4)), "TLS alone is given five");
    }

    private static SwarmMember Member(bool server)
    {
        var key = NodeKey.Create();
        SwarmId swarm = SwarmMember.IdOf("doors", keyring: null);
        Hello hello = Hellos.Create(swarm, numerics: 1, SwarmMember.Software, "", server);
        var transport = new TcpTransport(key, hello, new IPEndPoint(IPAddress.Loopback, 0), TimeProvider.System);
        var member = new SwarmMember(
            key, swarm, transport, server, TimeProvider.System, new Random(1), NullLogger.Instance);
        member.Start();
        return member;
    }
}
