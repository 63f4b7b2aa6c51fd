using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Relaying;

/// <summary>Whatever a peer and a relay say, a node dials nobody but that peer.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class MeetingAddressesTests
{
    private static readonly string[] Hosts =
    [
        "5.5.1.2", "5.5.2.2", "10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "fe80::1", "fd00::5", "2a00::1", "0.0.0.0", "::",
        "224.0.0.251", "ff02::fb", "255.255.255.255", "host.example", "", "::ffff:5.5.1.2",
        "::ffff:10.0.0.1",
    ];

    [Test]
    public void Threat_31_All_that_is_dialled_is_where_the_relay_sees_the_peer_and_never_inside_from_outside()
        => Prop.ForAll(
            Gen.Elements(Hosts).ToArbitrary(),
            Gen.Elements(Hosts).ToArbitrary(),
            Gen.Elements(Hosts).Zip(Gen.Choose(-1, 70_000)).ListOf().ToArbitrary(),
            (relay, witness, claims) =>
            {
                PeerAddress[] dialled = Check(relay, witness, [.. claims.Select(claim => At(claim.Item1, claim.Item2))]);
                return dialled.Length <= 3
                    && dialled.All(one => one.Host == witness && one.Node == TestIdentity.Node(1) && one.Relay is null)
                    && dialled.All(one => one.Port is >= 1 and <= 65535)
                    && (dialled.Length == 0 || !relay.StartsWith("5.", StringComparison.Ordinal)
                        || witness is "5.5.1.2" or "5.5.2.2" or "2a00::1");
            }).QuickCheckThrowOnFailure();

    [TestCase("5.5.1.1", "5.5.1.2", "5.5.1.2", true, TestName = "On the internet")]
    [TestCase("10.0.0.9", "10.0.0.1", "10.0.0.1", true, TestName = "All on one network")]
    [TestCase("127.0.0.1", "127.0.0.1", "127.0.0.1", true, TestName = "All on one device")]
    [TestCase("10.0.0.9", "5.5.1.2", "5.5.1.2", true, TestName = "The relay at home, the peer outside")]
    [TestCase("5.5.1.1", "5.5.1.2", "5.5.2.2", false, TestName = "Seen elsewhere")]
    [TestCase("5.5.1.1", "10.0.0.1", "10.0.0.1", false, TestName = "A relay outside that points inside")]
    [TestCase("10.0.0.9", "127.0.0.1", "127.0.0.1", false, TestName = "A neighbour that points at this device")]
    [TestCase("5.5.1.1", "::ffff:10.0.0.1", "::ffff:10.0.0.1", false, TestName = "Inside in other clothes")]
    [TestCase("5.5.1.1", "::ffff:5.5.1.2", "::ffff:5.5.1.2", false, TestName = "Outside in other clothes")]
    [TestCase("10.0.0.9", "224.0.0.251", "224.0.0.251", false, TestName = "Everybody")]
    [TestCase(null, "5.5.1.2", "5.5.1.2", false, TestName = "A relay that is gone")]
    [TestCase("5.5.1.1", null, "5.5.1.2", false, TestName = "A relay that does not say")]
    public void Where_a_peer_is_met(string? relay, string? witness, string claimed, bool isMet)
        => Assert.That(Check(relay, witness, [At(claimed, 4747)]), Has.Length.EqualTo(isMet ? 1 : 0));

    private static PeerAddress[] Check(string? relay, string? witness, Address[] claims)
        => MeetingAddresses.Check(
            claims,
            TestIdentity.Node(1),
            witness is null ? null : new PeerAddress(witness, 40_000),
            relay is null ? null : new PeerAddress(relay, 4747));

    private static Address At(string host, int port) => new() { Host = host, Port = unchecked((uint)port) };
}
