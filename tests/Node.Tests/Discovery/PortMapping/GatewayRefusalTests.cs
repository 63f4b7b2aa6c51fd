using NUnit.Framework;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>Each protocol's errors by their numbers, and the habits of devices in the field.</summary>
[TestFixture]
public sealed class GatewayRefusalTests
{
    [TestCase(2, "does not allow", 60)]
    [TestCase(3, "refuses (MalformedRequest)", 10)]
    [TestCase(4, "refuses (UnsupportedOpcode)", 10)]
    [TestCase(6, "refuses (MalformedOption)", 10)]
    [TestCase(7, "no connection", 10)]
    [TestCase(8, "no room", 10)]
    [TestCase(9, "refuses (UnsupportedProtocol)", 10)]
    [TestCase(10, "no room", 10)]
    [TestCase(12, "another gateway before it", 10)]
    [TestCase(200, "refuses (200)", 10)]
    public void Pcp_says_no(int result, string why, int minutes)
        => TellRefusal("PCP", gateway => gateway.PcpResult = result, gateway => gateway.PcpResult = 0, why, minutes);

    [TestCase(1, "another version", 10)]
    [TestCase(2, "does not allow", 60)]
    [TestCase(3, "no connection", 10)]
    [TestCase(4, "no room", 10)]
    [TestCase(5, "refuses (UnsupportedOpcode)", 10)]
    [TestCase(77, "refuses (77)", 10)]
    public void Nat_pmp_says_no(int result, string why, int minutes)
        => TellRefusal(
            "NAT-PMP", gateway => gateway.NatPmpResult = result, gateway => gateway.NatPmpResult = 0, why, minutes);

    [TestCase(401, "error 401", 10)]
    [TestCase(501, "error 501", 10)]
    [TestCase(606, "does not allow", 60)]
    [TestCase(716, "error 716", 10)]
    [TestCase(718, "is taken", 10)]
    [TestCase(724, "error 724", 10)]
    [TestCase(727, "error 727", 10)]
    [TestCase(728, "no room", 10)]
    [TestCase(729, "is taken", 10)]
    public void Upnp_says_no(int error, string why, int minutes)
        => TellRefusal(
            "UPnP",
            gateway => gateway.UpnpErrors["AddAnyPortMapping"] = error,
            gateway => gateway.UpnpErrors.Clear(),
            why,
            minutes);

    [Test]
    public void A_gateway_that_refuses_by_one_protocol_is_asked_by_the_next()
        => MapperRun.Tell(
            21,
            async run =>
            {
                _ = await run.MappedAsync(TimeSpan.FromSeconds(2));
                Assert.That(run.Last.Protocol, Is.EqualTo("UPnP"));
            },
            gateway => (gateway.PcpResult, gateway.NatPmpResult) = (2, 4));

    [Test]
    public void A_refusal_does_not_speak_for_a_protocol_that_is_slow_to_answer()
        => MapperRun.Tell(
            24,
            async run =>
            {
                _ = await run.MappedAsync(TimeSpan.FromSeconds(3));
                Assert.That(run.Last.Protocol, Is.EqualTo("UPnP"));
            },
            gateway =>
            {
                (gateway.PcpResult, gateway.NatPmpResult) = (2, 4);
                gateway.SearchTakes = TimeSpan.FromSeconds(0.5);
            });

    [Test]
    public void A_gateway_of_nat_pmp_says_that_it_does_not_speak_pcp()
        => MapperRun.Tell(
            22,
            async run =>
            {
                Assert.That(await run.MappedAsync(), Is.LessThan(TimeSpan.FromSeconds(0.3)));
                Assert.That(run.Last.Protocol, Is.EqualTo("NAT-PMP"));
            },
            gateway => gateway.SpeaksPcp = gateway.SpeaksUpnp = false);

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    [TestCase("UPnP")]
    public void A_port_that_somebody_else_has_becomes_another(string protocol)
        => MapperRun.Tell(
            23,
            async run =>
            {
                _ = await run.MappedAsync();
                int port = run.Last.Mapping!.External.Port;
                Assert.That(port, Is.Not.EqualTo(MapperRun.Port).And.InRange(1024, 65535));
                Assert.That(run.Gateway.Mappings[port].InternalPort, Is.EqualTo(MapperRun.Port));
                await run.PassAsync(TimeSpan.FromHours(5));
                Assert.That(run.Last.Mapping!.External.Port, Is.EqualTo(port), "renewed, not moved");
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, protocol);
                _ = gateway.TakenPorts.Add(MapperRun.Port);
            });

    [Test]
    public void Pcp_asks_for_this_port_or_none_and_for_any_only_where_that_is_not_understood()
        => MapperRun.Tell(
            24,
            async run =>
            {
                _ = await run.MappedAsync();
                string[] asked =
                [
                    .. run.Gateway.Heard
                        .Where(line => line.StartsWith("PCP MAP", StringComparison.Ordinal))
                        .Select(line => line.Split(' ')[6]),
                ];
                Assert.That(asked, Is.EqualTo(["strict", "any"]));
            },
            gateway => gateway.PcpResult = 5);

    [Test]
    public void Pcp_renews_with_the_nonce_and_the_port_it_has()
        => MapperRun.Tell(25, async run =>
        {
            _ = await run.MappedAsync();
            await run.PassAsync(TimeSpan.FromHours(10));
            string[] asked = [.. run.Gateway.Heard.Where(line => line.StartsWith("PCP MAP", StringComparison.Ordinal))];
            Assert.That(asked, Has.Length.GreaterThan(7));
            Assert.That(asked.Distinct(), Has.Exactly(1).StartsWith("PCP MAP 6 4747 4747 7200 strict "));
        });

    [TestCase(725)]
    [TestCase(402)]
    public void A_device_that_knows_no_leases_maps_for_ever_until_we_leave(int error)
        => MapperRun.Tell(
            26,
            async run =>
            {
                _ = await run.MappedAsync();
                Assert.That(
                    run.Gateway.Heard.Where(line => line.StartsWith("UPnP AddPortMapping", StringComparison.Ordinal)),
                    Is.EqualTo(
                    [
                        "UPnP AddPortMapping TCP 4747 4747 3600",
                        "UPnP AddPortMapping TCP 4747 4747 0",
                    ]));
                _ = await run.LeaveAsync();
                Assert.That(run.Gateway.Mappings, Is.Empty);
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, "UPnP");
                gateway.Services = ["urn:schemas-upnp-org:service:WANIPConnection:1"];
                gateway.LeaseError = error;
            });

    [Test]
    public void A_device_that_cannot_show_its_entries_is_taken_at_its_word()
        => MapperRun.Tell(
            27,
            async run => _ = await run.MappedAsync(),
            gateway =>
            {
                PortMapperTests.Only(gateway, "UPnP");
                gateway.UpnpErrors["GetSpecificPortMappingEntry"] = 401;
            });

    [Test]
    public void No_device_is_ever_asked_for_port_0_or_in_lower_case([Range(1, 20)] int seed)
        => MapperRun.Tell(
            seed,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromHours(4));
                string[] adds = [.. run.Gateway.Heard.Where(line => line.Contains("MAP ", StringComparison.Ordinal)
                    || line.Contains("PortMapping ", StringComparison.Ordinal))];
                Assert.That(adds, Is.Not.Empty);
                Assert.That(adds, Has.None.Match(@"MAP \d+ \d+ 0 [1-9]").And.None.Match("PortMapping TCP [0-9]* 0"));
                Assert.That(adds, Has.None.Contains("tcp"));
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, seed % 3 == 0 ? "PCP" : seed % 3 == 1 ? "NAT-PMP" : "UPnP");
                _ = seed % 2 == 0 && gateway.TakenPorts.Add(MapperRun.Port);
            });

    private static void TellRefusal(
        string protocol,
        Action<ScriptedGateway> refuse,
        Action<ScriptedGateway> relent,
        string why,
        int minutes)
        => MapperRun.Tell(
            20,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(8));
                Assert.That(run.Now, Does.Contain(why));
                Assert.That(run.Gateway.Mappings, Is.Empty);
                relent(run.Gateway);
                await run.PassAsync(TimeSpan.FromMinutes(minutes - 0.5));
                Assert.That(run.Said, Has.Count.EqualTo(1), "not asked too early");
                _ = await run.MappedAsync(TimeSpan.FromMinutes(1));
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, protocol);
                refuse(gateway);
            });
}
