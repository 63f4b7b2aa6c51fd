using System.Net;
using NUnit.Framework;
using Swarm.Node.Discovery.PortMapping;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>Strangers on the own network, by the rows of the list of threats.</summary>
[TestFixture]
public sealed class GatewayThreatTests
{
    private static readonly IPEndPoint Server = new(ScriptedGateway.Router, PortMappingLimits.ServerPort);
    private static readonly IPAddress Stranger = IPAddress.Parse("192.168.77.66");

    // Of a MAP answer: version, opcode, the nonce's ends, protocol, internal port.
    private static readonly int[] SpoofedFields = [0, 1, 24, 35, 36, 41];

    [TestCase("http://127.0.0.1:8080/admin")]
    [TestCase("http://192.168.77.1:80/reboot")]
    [TestCase("http://169.254.169.254/latest/meta-data")]
    [TestCase("http://8.8.8.8/")]
    [TestCase("https://192.168.77.66/")]
    [TestCase("http://192.168.77.66:0/")]
    public void Threat_29_A_fake_gateway_sends_this_node_to_nobody(string location)
        => MapperRun.Tell(
            29,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(20));
                Assert.That(run.Gateway.HttpTargets, Is.Empty);
                Assert.That(run.Now, Does.Contain("answers neither"));
            },
            gateway => FakeDevice(gateway, location));

    [TestCase(301, "moved", TestName = "Threat_29_A_redirect_of_a_fake_gateway_is_not_followed")]
    [TestCase(200, "<!DOCTYPE a [<!ENTITY a \"a\">]><a>&a;</a>", TestName = "Threat_29_A_fake_gateway_s_dtd_is_refused")]
    [TestCase(200, "not XML", TestName = "Threat_29_A_fake_gateway_s_text_is_refused")]
    [TestCase(200, "<a/>", TestName = "Threat_29_A_fake_gateway_without_services_maps_nothing")]
    [TestCase(
        200,
        "<a><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>"
            + "<controlURL>http://10.0.0.1/steal</controlURL></service></a>",
        TestName = "Threat_29_A_fake_gateway_s_service_elsewhere_is_not_asked")]
    public void Threat_29_A_fake_gateway_is_asked_itself_and_no_more(int status, string body)
        => MapperRun.Tell(
            29,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(20));
                Assert.That(run.Gateway.HttpTargets.Select(one => one.Host), Has.All.EqualTo($"{Stranger}"));
                Assert.That(run.Gateway.HttpTargets, Has.Count.InRange(1, 2));
                Assert.That(run.Last.Mapping, Is.Null);
            },
            gateway =>
            {
                FakeDevice(gateway, $"http://{Stranger}:5000/d.xml");
                gateway.HttpIntruder = _ => ScriptedGateway.Xml(status, body);
            });

    [Test]
    public void Threat_29_The_real_gateway_is_preferred_to_a_fake_one()
        => MapperRun.Tell(
            29,
            async run =>
            {
                _ = await run.MappedAsync(TimeSpan.FromSeconds(5));
                Assert.That(run.Now, Is.EqualTo("5.5.5.1:4747"));
            },
            gateway =>
            {
                FakeDevice(gateway, $"http://{Stranger}:5000/d.xml");
                gateway.SpeaksUpnp = true;
                gateway.HttpIntruder = question => question.Address.Host == $"{Stranger}"
                    ? ScriptedGateway.Xml(200, "<a/>")
                    : null;
            });

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    public void Threat_30_Answers_of_strangers_are_passed_over(string protocol)
        => MapperRun.Tell(
            30,
            async run =>
            {
                _ = await run.MappedAsync();
                Assert.That(run.Now, Is.EqualTo("5.5.5.1:4747"));
                Assert.That(run.Last.Protocol, Is.EqualTo(protocol));
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, protocol);
                gateway.Intruder = (socket, asked, _) =>
                {
                    // Sound but for the sender: a neighbour, and another port of the gateway.
                    socket.Arrive(Granting(asked, "6.6.6.6"), new IPEndPoint(Stranger, Server.Port));
                    socket.Arrive(Granting(asked, "6.6.6.6"), new IPEndPoint(Server.Address, 5352));
                };
            });

    [Test]
    public void Threat_30_Spoofed_answers_of_pcp_do_not_know_the_nonce()
        => MapperRun.Tell(
            30,
            async run =>
            {
                _ = await run.MappedAsync();
                Assert.That(run.Now, Is.EqualTo("5.5.5.1:4747"));
                await run.PassAsync(TimeSpan.FromHours(5));
                Assert.That(run.Said, Has.Count.EqualTo(1));
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, "PCP");
                gateway.Intruder = (socket, asked, _) =>
                {
                    if (asked[0] == 2 && asked[1] == 1)
                    {
                        foreach (int field in SpoofedFields)
                        {
                            byte[] spoofed = Granting(asked, "6.6.6.6");
                            spoofed[field] ^= 1;
                            socket.Arrive(spoofed, Server);
                        }

                        socket.Arrive(Granting(asked, "6.6.6.6")[..57], Server);
                    }
                };
            });

    [Test]
    public void Threat_30_A_flood_of_answers_is_read_to_a_limit()
        => MapperRun.Tell(
            30,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(20));
                Assert.That(run.Last.Mapping, Is.Null);
            },
            gateway =>
            {
                PortMapperTests.Only(gateway, "");
                gateway.Intruder = (socket, _, _) =>
                {
                    for (int i = 0; i < 1000; i++)
                    {
                        socket.Arrive([2, 128, 7], Server);
                    }
                };
            });

    [Test]
    public void Threat_30_Forged_announcements_cost_a_question_every_few_seconds_and_never_the_mapping()
        => MapperRun.Tell(30, async run =>
        {
            _ = await run.MappedAsync();
            int before = run.Gateway.Heard.Count;

            for (int i = 0; i < 1000; i++)
            {
                run.Gateway.Announce([2, 128, .. new byte[22]], Server);
                run.Gateway.Announce([2, 128, .. new byte[22]], new IPEndPoint(Stranger, Server.Port));
                run.Gateway.Announce([0, 128, 0, 0, 0, 0, 0, 0, 6, 6, 6, 6], Server);
                run.Gateway.Announce([9], Server);
                await run.PassAsync(TimeSpan.FromMilliseconds(100));
            }

            Assert.That(run.Gateway.Heard.Count - before, Is.LessThanOrEqualTo(27), "in 100 s");
            Assert.That(run.Said, Has.Count.EqualTo(1));
            Assert.That(run.Gateway.MappedAt, Has.Count.EqualTo(1), "the gateway said that all is well");
        });

    // A neighbour that answers every search; no gateway speaks.
    private static void FakeDevice(ScriptedGateway gateway, string location)
    {
        PortMapperTests.Only(gateway, "");
        gateway.Intruder = (socket, _, target) =>
        {
            if (target.Port == PortMappingLimits.SsdpPort)
            {
                socket.Arrive(
                    ScriptedGateway.SearchAnswer(location), new IPEndPoint(Stranger, PortMappingLimits.SsdpPort));
            }
        };
    }

    // What the gateway would say, with another external address.
    private static byte[] Granting(byte[] asked, string address)
    {
        byte[] external = IPAddress.Parse(address).GetAddressBytes();

        return asked switch
        {
            [2, 0, ..] => [2, 128, .. new byte[22]],
            [2, ..] => [2, 129, 0, 0, .. asked[4..8], 0, 0, 0, 9, .. new byte[12], .. asked[24..56], .. external],
            [_, 0] => [0, 128, 0, 0, 0, 0, 0, 9, .. external],
            _ => [0, 130, 0, 0, 0, 0, 0, 9, .. asked[4..]],
        };
    }
}
