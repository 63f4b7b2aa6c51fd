using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Who may wait before the door, and for whom they make room (THREATS row 1).</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class StrangerGateTests
{
    [TestCase("198.51.100.1", "198.51.100.1", 4)]
    [TestCase("198.51.100.1", "::ffff:198.51.100.1", 4)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 4)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:3::1", 8)]
    [TestCase("198.51.100.1", "198.51.100.2", 8)]
    [TestCase("127.0.0.1", "127.0.0.1", 16)]
    [TestCase("::1", "127.0.0.1", 16)]
    public void Threat_1_One_address_has_four_places_and_its_newest_connections_keep_them(
        string one, string other, int stay)
    {
        var gate = new StrangerGate(64, 4);
        Socket[] sockets = [.. Enumerable.Range(0, 16).Select(_ => NewSocket())];

        for (int i = 0; i < sockets.Length; i++)
        {
            Assert.That(gate.Enter(sockets[i], IPAddress.Parse(i % 2 == 0 ? one : other), silent: true), Is.Not.Null);
        }

        Assert.That(gate.Count, Is.EqualTo(stay));
        Assert.That(sockets.Select(IsClosed), Is.EqualTo(sockets.Select((_, i) => i < 16 - stay)));
        Array.ForEach(sockets, socket => socket.Dispose());
    }

    [Test]
    public void Threat_1_A_full_room_makes_room_for_a_newcomer_but_never_at_the_cost_of_who_has_shown_the_key()
    {
        var gate = new StrangerGate(64, 4);
        Socket[] sockets = [.. Enumerable.Range(0, 130).Select(_ => NewSocket())];

        for (int i = 0; i < 64; i++)
        {
            gate.Admit(gate.Enter(sockets[i], From(i), silent: true)!);
        }

        Assert.That(gate.Enter(sockets[100], From(100), silent: true), Is.Null, "all have shown the key");
        Assert.That(sockets.Any(IsClosed), Is.False);

        var room = new StrangerGate(64, 4);
        StrangerGate.Stranger[] silent =
            [.. Enumerable.Range(0, 64).Select(i => room.Enter(sockets[i], From(i), silent: true)!)];
        room.Admit(silent[0]);
        Assert.That(room.Enter(sockets[64], From(64), silent: true), Is.Not.Null);
        Assert.That(IsClosed(sockets[1]), "the oldest that is silent");
        Assert.That(IsClosed(sockets[0]), Is.False);
        room.Leave(silent[1]);
        room.Leave(silent[2]);
        Assert.That(room.Count, Is.EqualTo(63), "who was put out has left already");
        Array.ForEach(sockets, socket => socket.Dispose());
    }

    private static IPAddress From(int i) => new([10, 0, (byte)i, 1]);

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static bool IsClosed(Socket socket) => socket.SafeHandle.IsClosed;
}
