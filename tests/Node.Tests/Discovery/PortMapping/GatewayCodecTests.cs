using System.Net;
using System.Text;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.NatPmp;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Node.Discovery.PortMapping.Pcp;
using Swarm.Node.Discovery.PortMapping.Upnp;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>The bytes of each protocol, as its document draws them.</summary>
[TestFixture]
public sealed class GatewayCodecTests
{
    private static readonly IPAddress Local = IPAddress.Parse("192.168.77.2");
    private static readonly byte[] Nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Test]
    public void A_pcp_announcement_as_rfc_6887_draws_it()
        => Assert.That(
            Convert.ToHexString(PcpRequest.Announce(Local)),
            Is.EqualTo("0200000000000000" + "00000000000000000000FFFFC0A84D02"));

    [Test]
    public void A_pcp_mapping_as_rfc_6887_draws_it()
        => Assert.That(
            Convert.ToHexString(PcpRequest.Map(
                Local, Nonce, new MappingRequest(4747, 4748), TimeSpan.FromSeconds(7200), prefersFailure: true)),
            Is.EqualTo("0201000000001C20" + "00000000000000000000FFFFC0A84D02" + "0102030405060708090A0B0C"
                + "06000000128B128C" + "00000000000000000000FFFF00000000" + "02000000"));

    [Test]
    public void A_pcp_deletion_suggests_nothing()
        => Assert.That(
            Convert.ToHexString(PcpRequest.Delete(Local, Nonce, 4747)),
            Is.EqualTo("0201000000000000" + "00000000000000000000FFFFC0A84D02" + "0102030405060708090A0B0C"
                + "06000000128B0000" + "00000000000000000000FFFF00000000"));

    [Test]
    public void Nat_pmp_requests_as_rfc_6886_draws_them()
    {
        Assert.That(Convert.ToHexString(NatPmpRequest.Address()), Is.EqualTo("0000"));
        Assert.That(
            Convert.ToHexString(NatPmpRequest.Map(new MappingRequest(4747, 4748), TimeSpan.FromSeconds(7200))),
            Is.EqualTo("00020000" + "128B128C" + "00001C20"));
        Assert.That(Convert.ToHexString(NatPmpRequest.Delete(4747)), Is.EqualTo("00020000" + "128B0000" + "00000000"));
    }

    [Test]
    public void The_real_daemon_s_answers_are_read()
    {
        var announced = PcpReply.Parse(Convert.FromHexString("028000000000000000000004000000000000000000000000"));
        Assert.That(announced.Result, Is.EqualTo(PcpResult.Success));
        Assert.That(announced.Epoch, Is.EqualTo(4));
        var address = NatPmpReply.Parse(Convert.FromHexString("008000000000000905050501"));
        Assert.That(address.Address, Is.EqualTo(IPAddress.Parse("5.5.5.1")));
        Assert.That(address.Epoch, Is.EqualTo(9));
    }

    [Test]
    public void A_pcp_mapping_comes_back_as_it_was_asked()
        => Check(Prop.ForAll(
            Gen.Choose(1, 65535).ToArbitrary(), Gen.Choose(1, 65535).ToArbitrary(), (inside, outside) =>
            {
                byte[] bytes = PcpRequest.Map(
                    Local,
                    Nonce,
                    new MappingRequest(inside, outside, IPAddress.Parse("5.5.5.1")),
                    TimeSpan.FromSeconds(7200),
                    prefersFailure: false);
                bytes[1] |= 0x80;
                var reply = PcpReply.Parse(bytes);

                return reply.Lifetime == TimeSpan.FromSeconds(7200)
                    && reply.Map == new PcpMap(
                        PcpMap.ReadNonce(Nonce), 6, inside, new IPEndPoint(IPAddress.Parse("5.5.5.1"), outside));
            }));

    [Test]
    public void A_soap_envelope_is_xml_whatever_its_values()
        => Check(Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), value =>
        {
            string clean = new([.. value.Get.Where(letter => letter is >= ' ' and < '\uD800')]);
            var envelope = XDocument.Parse(
                SoapAction.Write("urn:x:1", "Do", [("NewValue", clean)]), LoadOptions.PreserveWhitespace);
            return envelope.Descendants("NewValue").Single().Value == clean;
        }));

    [TestCase("http://192.168.77.1:5000/d.xml", true)]
    [TestCase("http://192.168.77.1/d.xml", true)]
    [TestCase("https://192.168.77.1/d.xml", false)]
    [TestCase("ftp://192.168.77.1/d.xml", false)]
    [TestCase("file:///etc/passwd", false)]
    [TestCase("http://router/d.xml", false)]
    [TestCase("http://[fe80::1]/d.xml", false)]
    [TestCase("http://192.168.77.1:0/d.xml", false)]
    [TestCase("http://192.168.77.1:99999/d.xml", false)]
    [TestCase("http://user@192.168.77.1/d.xml", false)]
    [TestCase("/d.xml", false)]
    [TestCase("", false)]
    public void A_location_is_plain_http_at_an_ipv4_address(string location, bool isUsable)
        => Assert.That(
            Catches(() => SsdpReply.Parse(ScriptedGateway.SearchAnswer(location))), Is.EqualTo(!isUsable));

    [TestCase("192.168.77.1", "http://192.168.77.1:5000/", "upnp:rootdevice", true, TestName = "The gateway itself")]
    [TestCase("192.168.77.9", "http://192.168.77.9:80/", Igd, true, TestName = "A neighbour that is a gateway")]
    [TestCase("192.168.77.9", "http://192.168.77.9:80/", "upnp:rootdevice", false, TestName = "Some neighbour")]
    [TestCase("192.168.77.9", "http://192.168.77.1:80/", Igd, false, TestName = "A neighbour pointing at the gateway")]
    [TestCase("192.168.77.1", "http://192.168.77.9:80/", Igd, false, TestName = "The gateway pointing at a neighbour")]
    [TestCase("192.168.77.9", "http://127.0.0.1:80/", Igd, false, TestName = "Pointing at loopback")]
    [TestCase("192.168.77.9", "http://192.168.77.2:80/", Igd, false, TestName = "Pointing at this device")]
    [TestCase("192.168.77.2", "http://192.168.77.2:80/", Igd, false, TestName = "This device's own port")]
    [TestCase("9.9.9.9", "http://9.9.9.9:80/", Igd, false, TestName = "From another network")]
    [TestCase("192.168.77.9", "http://169.254.169.254/", Igd, false, TestName = "Pointing at a cloud's metadata")]
    public void Whose_description_is_fetched(string source, string location, string kind, bool isFetched)
        => Assert.That(
            SsdpReply.Parse(ScriptedGateway.SearchAnswer(location, kind))
                .IsFetchable(new Gateway(ScriptedGateway.Router, Local, 24), IPAddress.Parse(source)),
            Is.EqualTo(isFetched));

    [TestCase("/ctl", "http://192.168.77.1:5000/ctl")]
    [TestCase("ctl", "http://192.168.77.1:5000/ctl")]
    [TestCase("http://192.168.77.1:81/ctl", "http://192.168.77.1:81/ctl")]
    [TestCase("http://192.168.77.9:81/ctl", null)]
    [TestCase("//192.168.77.9/ctl", null)]
    [TestCase("https://192.168.77.1/ctl", null)]
    [TestCase("http://192.168.77.1:0/ctl", null)]
    [TestCase("file:///ctl", null)]
    [TestCase("", null)]
    public void A_service_is_asked_only_at_its_description_s_host(string control, string? address)
        => Assert.That(
            IgdDescription.Parse(
                Encoding.UTF8.GetBytes(ScriptedGateway.Description(
                    ("urn:schemas-upnp-org:service:WANIPConnection:1", control))),
                new Uri(ScriptedGateway.Location)).Select(one => one.Control.AbsoluteUri),
            Is.EqualTo(address is null ? [] : (string[])[address]));

    [Test]
    public void The_newest_service_is_the_best()
        => Assert.That(
            IgdDescription.Parse(
                Encoding.UTF8.GetBytes(ScriptedGateway.Description(
                    ("urn:schemas-upnp-org:service:WANPPPConnection:1", "/ppp"),
                    ("urn:schemas-upnp-org:service:Layer3Forwarding:1", "/l3"),
                    ("urn:schemas-upnp-org:service:WANIPConnection:1", "/ip1"),
                    ("urn:schemas-upnp-org:service:WANIPConnection:2", "/ip2"))),
                new Uri(ScriptedGateway.Location)).Select(one => one.Control.AbsolutePath),
            Is.EqualTo(["/ip2", "/ip1", "/ppp"]));

    private const string Igd = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";

    private static bool Catches(Action read)
    {
        try
        {
            read();
            return false;
        }
        catch (GatewayException)
        {
            return true;
        }
    }

    private static void Check(Property property) => property.QuickCheckThrowOnFailure();
}
