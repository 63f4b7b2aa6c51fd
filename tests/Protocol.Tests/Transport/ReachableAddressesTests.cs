using System.Net;
using NUnit.Framework;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>A node announces addresses that others can dial.</summary>
[TestFixture]
[Parallelizable]
public sealed class ReachableAddressesTests
{
    private const string Device = "127.0.0.1 ::1 169.254.7.7 192.168.1.5 10.8.0.2 fe80::1 2001:db8::5 fd00::5";

    [TestCase("0.0.0.0", Device, "192.168.1.5 10.8.0.2 169.254.7.7", TestName = "Any IPv4: all of IPv4")]
    [TestCase("::", Device, "192.168.1.5 10.8.0.2 2001:db8::5 fd00::5 169.254.7.7", TestName = "Any IPv6: all of both")]
    [TestCase("0.0.0.0", "127.0.0.1 ::1", "127.0.0.1", TestName = "Nothing but loopback: loopback")]
    [TestCase("::", "::1 fe80::1", "127.0.0.1", TestName = "Nothing but loopback and link-local: loopback")]
    [TestCase("0.0.0.0", "2001:db8::5", "127.0.0.1", TestName = "Any IPv4 where there is only IPv6: loopback")]
    [TestCase("192.168.1.5", Device, "192.168.1.5", TestName = "One address: itself")]
    [TestCase("127.0.0.1", Device, "127.0.0.1", TestName = "Loopback: itself")]
    [TestCase("0.0.0.0", "10.0.0.1 10.0.0.1", "10.0.0.1", TestName = "Each address once")]
    public void What_is_announced(string listener, string device, string announced)
        => Assert.That(
            string.Join(
                ' ', ReachableAddresses.Of(IPAddress.Parse(listener), device.Split(' ').Select(IPAddress.Parse))),
            Is.EqualTo(announced));

    [Test]
    public void No_more_than_others_accept()
        => Assert.That(
            ReachableAddresses.Of(
                IPAddress.Any, Enumerable.Range(1, 200).Select(i => IPAddress.Parse($"10.0.0.{i}"))),
            Has.Count.EqualTo(WireLimits.AddressesMax));
}
