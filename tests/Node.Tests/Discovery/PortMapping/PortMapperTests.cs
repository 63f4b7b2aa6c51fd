using System.Net;
using NUnit.Framework;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>A node's port at its gateway: found, kept, moved and returned.</summary>
[TestFixture]
public sealed class PortMapperTests
{
    private const string Outside = "5.5.5.1:4747";

    [TestCase(true, true, true, "PCP")]
    [TestCase(false, true, true, "NAT-PMP")]
    [TestCase(false, false, true, "UPnP")]
    [TestCase(true, false, false, "PCP")]
    [TestCase(false, true, false, "NAT-PMP")]
    public void The_best_protocol_that_answers_maps_the_port(bool pcp, bool natPmp, bool upnp, string protocol)
        => MapperRun.Tell(
            1,
            async run =>
            {
                Assert.That(await run.MappedAsync(), Is.LessThan(TimeSpan.FromSeconds(0.5)));
                Assert.That(run.Now, Is.EqualTo(Outside));
                Assert.That(run.Last.Protocol, Is.EqualTo(protocol));
                Assert.That(run.Said, Has.Count.EqualTo(1));
            },
            gateway => (gateway.SpeaksPcp, gateway.SpeaksNatPmp, gateway.SpeaksUpnp) = (pcp, natPmp, upnp));

    [Test]
    public void A_gateway_that_answers_nothing_is_named_and_asked_again_after_ten_minutes()
        => MapperRun.Tell(
            2,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(10));
                Assert.That(run.Now, Does.Contain("192.168.77.1 answers neither"));
                run.Gateway.SpeaksPcp = true;
                await run.PassAsync(TimeSpan.FromMinutes(9));
                Assert.That(run.Said, Has.Count.EqualTo(1));
                _ = await run.MappedAsync(TimeSpan.FromMinutes(2));
            },
            gateway => gateway.SpeaksPcp = gateway.SpeaksNatPmp = gateway.SpeaksUpnp = false);

    [Test]
    public void A_device_without_a_gateway_says_so_and_maps_when_one_comes()
        => MapperRun.Tell(
            3,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(1));
                Assert.That(run.Now, Does.Contain("no IPv4 gateway"));
                run.Gateway.Move(new(ScriptedGateway.Router, ScriptedGateway.Device, 24));
                _ = await run.MappedAsync(TimeSpan.FromSeconds(2));
            },
            gateway => gateway.Here = null);

    [Test]
    public void A_public_device_asks_nobody()
        => MapperRun.Tell(
            4,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(10));
                Assert.That(run.Now, Does.Contain("public address of its own"));
                Assert.That(run.Gateway.Heard, Is.Empty);
            },
            gateway => gateway.Here = new(IPAddress.Parse("9.9.9.1"), IPAddress.Parse("9.9.9.2"), 24));

    [TestCase("PCP", 7200)]
    [TestCase("NAT-PMP", 7200)]
    [TestCase("UPnP", 3600)]
    public void A_lease_is_renewed_at_half_its_life_and_a_bit_and_never_lapses(string protocol, int seconds)
        => MapperRun.Tell(
            5,
            async run =>
            {
                _ = await run.MappedAsync();

                for (int i = 0; i < 24 * 60; i++)
                {
                    await run.PassAsync(TimeSpan.FromMinutes(1));
                    Assert.That(run.Gateway.LeadsHere(MapperRun.Port));
                }

                List<TimeSpan> asked = run.Gateway.MappedAt;
                TimeSpan[] gaps = [.. asked.Zip(asked.Skip(1), (one, next) => next - one)];
                Assert.That(gaps, Has.All.InRange(
                    TimeSpan.FromSeconds(seconds / 2), TimeSpan.FromSeconds((seconds * 5 / 8) + 1)));
                Assert.That(gaps.Distinct().Count(), Is.GreaterThan(gaps.Length / 2), "by chance");
                Assert.That(run.Said, Has.Count.EqualTo(1), "a renewal is no news");
            },
            gateway => Only(gateway, protocol));

    [Test]
    public void A_shorter_grant_is_renewed_by_its_own_measure()
        => MapperRun.Tell(
            6,
            async run =>
            {
                _ = await run.MappedAsync();
                await run.PassAsync(TimeSpan.FromHours(1));
                Assert.That(run.Gateway.MappedAt, Has.Count.InRange(48, 61));
            },
            gateway => gateway.LifetimeMax = TimeSpan.FromSeconds(120));

    [Test]
    public void A_grant_of_a_second_makes_nobody_busy()
        => MapperRun.Tell(
            7,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromMinutes(10));
                Assert.That(run.Gateway.Heard.Count, Is.LessThan(1000));
            },
            gateway => gateway.LifetimeMax = TimeSpan.FromSeconds(1));

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    public void A_restart_that_is_announced_is_mended_within_five_seconds(string protocol)
        => MapperRun.Tell(
            8,
            async run =>
            {
                _ = await run.MappedAsync();
                await run.PassAsync(TimeSpan.FromSeconds(130));
                run.Gateway.Restart(announces: true);
                Assert.That(await run.MappedAsync(TimeSpan.FromSeconds(5)), Is.LessThan(TimeSpan.FromSeconds(5)));
                Assert.That(run.Said, Has.Count.EqualTo(1));
            },
            gateway => Only(gateway, protocol));

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    [TestCase("UPnP")]
    public void A_silent_restart_is_noticed_by_the_epoch_or_the_entry_within_a_minute(string protocol)
        => MapperRun.Tell(
            9,
            async run =>
            {
                _ = await run.MappedAsync();
                await run.PassAsync(TimeSpan.FromMinutes(30.5));
                run.Gateway.Restart(announces: false);
                Assert.That(
                    await run.MappedAsync(TimeSpan.FromSeconds(70)), Is.LessThan(TimeSpan.FromSeconds(65)));
            },
            gateway => Only(gateway, protocol));

    [Test]
    public void A_new_external_address_is_found_within_a_minute_and_told(
        [Values("NAT-PMP", "UPnP")] string protocol)
        => MapperRun.Tell(
            10,
            async run =>
            {
                _ = await run.MappedAsync();
                run.Gateway.ExternalAddress = IPAddress.Parse("6.6.6.1");
                await run.PassAsync(TimeSpan.FromSeconds(65));
                Assert.That(run.Now, Is.EqualTo("6.6.6.1:4747"));
            },
            gateway => Only(gateway, protocol));

    [Test]
    public void When_a_protocol_dies_the_next_takes_over_and_the_address_stays()
        => MapperRun.Tell(11, async run =>
        {
            _ = await run.MappedAsync();
            run.Gateway.SpeaksPcp = false;
            await run.PassAsync(TimeSpan.FromSeconds(80));
            Assert.That(run.Last.Protocol, Is.EqualTo("NAT-PMP"));
            run.Gateway.SpeaksNatPmp = false;
            await run.PassAsync(TimeSpan.FromSeconds(80));
            Assert.That(run.Last.Protocol, Is.EqualTo("UPnP"));
            Assert.That(run.Said.Select(said => said.State.Mapping?.External.ToString()), Has.All.EqualTo(Outside));
        });

    [Test]
    public void A_gateway_that_falls_silent_is_believed_until_its_lease_ends_and_found_again()
        => MapperRun.Tell(12, async run =>
        {
            _ = await run.MappedAsync();
            TimeSpan granted = run.Gateway.MappedAt[^1];
            run.Gateway.SpeaksPcp = run.Gateway.SpeaksNatPmp = run.Gateway.SpeaksUpnp = false;
            await run.PassAsync(TimeSpan.FromHours(1.9));
            Assert.That(run.Said, Has.Count.EqualTo(1));
            await run.PassAsync(TimeSpan.FromHours(0.2));
            Assert.That(run.Said[1].State.Mapping, Is.Null);
            Assert.That(run.Said[1].At - granted, Is.InRange(TimeSpan.FromHours(2), TimeSpan.FromHours(2.02)));
            run.Gateway.SpeaksUpnp = true;
            _ = await run.MappedAsync(TimeSpan.FromMinutes(11));
            Assert.That(run.Last.Protocol, Is.EqualTo("UPnP"));
        });

    [Test]
    public void Behind_another_gateway_a_mapping_is_no_success(
        [Values("192.168.1.5", "10.0.0.7", "172.20.0.1", "100.64.3.3", "0.0.0.0", "203.0.113.9")] string address,
        [Values("PCP", "NAT-PMP", "UPnP")] string protocol)
        => MapperRun.Tell(
            13,
            async run =>
            {
                await run.PassAsync(TimeSpan.FromSeconds(8));
                Assert.That(run.Now, Does.Contain("another gateway").And.Contain(address));
                Assert.That(run.Gateway.Mappings, Is.Empty, "given back");
            },
            gateway =>
            {
                Only(gateway, protocol);
                gateway.ExternalAddress = IPAddress.Parse(address);
            });

    [Test]
    public void Another_network_has_another_gateway()
        => MapperRun.Tell(14, async run =>
        {
            _ = await run.MappedAsync();
            run.Gateway.Move(new(IPAddress.Parse("10.1.1.1"), IPAddress.Parse("10.1.1.2"), 24));
            await run.PassAsync(TimeSpan.FromSeconds(20));
            Assert.That(run.Now, Does.Contain("10.1.1.1 answers neither"));
            run.Gateway.Move(null);
            await run.PassAsync(TimeSpan.FromSeconds(20));
            Assert.That(run.Now, Does.Contain("no IPv4 gateway"));
            run.Gateway.Move(new(ScriptedGateway.Router, ScriptedGateway.Device, 24));
            _ = await run.MappedAsync(TimeSpan.FromSeconds(2));
        });

    [TestCase("PCP")]
    [TestCase("NAT-PMP")]
    [TestCase("UPnP")]
    public void Who_leaves_gives_the_port_back_at_once(string protocol)
        => MapperRun.Tell(
            15,
            async run =>
            {
                _ = await run.MappedAsync();
                Assert.That(await run.LeaveAsync(), Is.LessThan(TimeSpan.FromSeconds(0.1)));
                Assert.That(run.Gateway.Mappings, Is.Empty);
            },
            gateway => Only(gateway, protocol));

    [Test]
    public void Who_leaves_waits_for_a_silent_gateway_a_second()
        => MapperRun.Tell(16, async run =>
        {
            _ = await run.MappedAsync();
            run.Gateway.SpeaksPcp = run.Gateway.SpeaksNatPmp = run.Gateway.SpeaksUpnp = false;
            Assert.That(await run.LeaveAsync(), Is.LessThanOrEqualTo(TimeSpan.FromSeconds(1)));
        });

    [Test]
    public void Who_leaves_in_the_middle_of_anything_leaves_nothing_behind([Range(0, 60, 3)] int ms)
        => MapperRun.Tell(17, async run =>
        {
            await run.PassAsync(TimeSpan.FromMilliseconds(ms));
            _ = await run.LeaveAsync();
            await run.PassAsync(TimeSpan.FromSeconds(1));
            Assert.That(run.Gateway.Mappings, Is.Empty);
        });

    [Test]
    public void The_same_seed_gives_the_same_history()
    {
        string[] Run()
        {
            var heard = new List<string>();
            MapperRun.Tell(18, async run =>
            {
                _ = await run.MappedAsync();
                await run.PassAsync(TimeSpan.FromHours(3));
                run.Gateway.Restart(announces: true);
                run.Gateway.TakenPorts.Add(MapperRun.Port);
                run.Gateway.SpeaksPcp = false;
                await run.PassAsync(TimeSpan.FromHours(3));
                heard.AddRange(run.Gateway.Heard);
                heard.AddRange(run.Gateway.MappedAt.Select(at => $"{at}"));
            });
            return [.. heard];
        }

        string[] once = Run();
        Assert.That(once, Is.Not.Empty);
        Assert.That(Run(), Is.EqualTo(once));
    }

    /// <summary>Leaves the gateway one protocol.</summary>
    internal static void Only(ScriptedGateway gateway, string protocol)
    {
        gateway.SpeaksPcp = protocol == "PCP";
        gateway.SpeaksNatPmp = protocol == "NAT-PMP";
        gateway.SpeaksUpnp = protocol == "UPnP";
    }
}
