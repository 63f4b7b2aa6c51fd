using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>The three protocols from the gateway's side, written from their documents, not from our codecs.</summary>
internal sealed partial class ScriptedGateway
{
    public const string Location = "http://192.168.77.1:5000/rootDesc.xml";

    /// <summary>What the gateway says of its services: their types.</summary>
    public string[] Services { get; set; } =
        ["urn:schemas-upnp-org:service:WANIPConnection:1", "urn:schemas-upnp-org:service:WANIPConnection:2"];

    /// <summary>Answers any lease but the endless with this error.</summary>
    public int LeaseError { get; set; }

    public static string Description(params IEnumerable<(string Type, string Control)> services)
        => "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><serviceList>"
            + string.Concat(services.Select(one =>
                $"<service><serviceType>{one.Type}</serviceType><controlURL>{one.Control}</controlURL></service>"))
            + "</serviceList></device></root>";

    public static byte[] SearchAnswer(
        string location, string kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:2")
        => Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: {kind}\r\nLocation: {location}\r\nEXT:\r\n\r\n");

    public static HttpAnswer Xml(int status, string body) => new(status, Encoding.UTF8.GetBytes(body));

    private static byte[]? AnswerSearch(byte[] bytes)
        => Encoding.ASCII.GetString(bytes).Contains("InternetGatewayDevice:2", StringComparison.Ordinal)
            ? SearchAnswer(Location)
            : null;

    private byte[] Reply(byte version, byte opcode, int length, int result = 0)
    {
        byte[] reply = new byte[length];
        reply[0] = version;
        reply[1] = opcode;
        reply[3] = (byte)result;
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(version == 2 ? 8 : 4), Epoch);
        return reply;
    }

    // A gateway of NAT-PMP to a question of PCP.
    private byte[] Refusal() => Reply(0, 128, 8, result: 1);

    private byte[] AnswerPcp(byte[] asked)
    {
        if (asked[1] == 0)
        {
            Heard.Add("PCP ANNOUNCE");
            return Reply(2, 128, 24);
        }

        int internalPort = BinaryPrimitives.ReadUInt16BigEndian(asked.AsSpan(40));
        int externalPort = BinaryPrimitives.ReadUInt16BigEndian(asked.AsSpan(42));
        uint seconds = BinaryPrimitives.ReadUInt32BigEndian(asked.AsSpan(4));
        bool prefersFailure = asked.Length > 60 && asked[60] == 2;
        Heard.Add($"PCP MAP {asked[36]} {internalPort} {externalPort} {seconds} {(prefersFailure ? "strict" : "any")} "
            + Convert.ToHexString(asked, 24, 12));
        byte[] reply = [.. Reply(2, 129, 24), .. asked[24..60]];
        int result = PcpResult is 5 && !prefersFailure ? 0 : PcpResult;

        if (result == 0 && seconds == 0)
        {
            _ = Mappings.Remove(Mappings.FirstOrDefault(one => one.Value.InternalPort == internalPort).Key);
        }
        else if (result == 0)
        {
            TimeSpan? granted = Grant(externalPort, internalPort, seconds);
            result = granted is null ? 11 : 0;
            BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(4), (uint)(granted?.TotalSeconds ?? 0));
            _ = ExternalAddress.MapToIPv6().TryWriteBytes(reply.AsSpan(44), out _);
        }

        reply[3] = (byte)result;
        return reply;
    }

    private byte[] AnswerNatPmp(byte[] asked)
    {
        if (asked.Length == 2)
        {
            Heard.Add("NAT-PMP ADDRESS");
            byte[] reply = Reply(0, 128, 12);
            _ = ExternalAddress.TryWriteBytes(reply.AsSpan(8), out _);
            return reply;
        }

        int internalPort = BinaryPrimitives.ReadUInt16BigEndian(asked.AsSpan(4));
        int externalPort = BinaryPrimitives.ReadUInt16BigEndian(asked.AsSpan(6));
        uint seconds = BinaryPrimitives.ReadUInt32BigEndian(asked.AsSpan(8));
        Heard.Add($"NAT-PMP MAP {asked[1]} {internalPort} {externalPort} {seconds}");
        byte[] map = Reply(0, (byte)(128 + asked[1]), 16, NatPmpResult);
        asked.AsSpan(4, 4).CopyTo(map.AsSpan(8));

        if (NatPmpResult == 0 && seconds == 0)
        {
            _ = Mappings.Remove(Mappings.FirstOrDefault(one => one.Value.InternalPort == internalPort).Key);
        }
        else if (NatPmpResult == 0)
        {
            // This protocol's gateways look for a free port by themselves.
            while (TakenPorts.Contains(externalPort))
            {
                externalPort++;
            }

            TimeSpan granted = Grant(externalPort, internalPort, seconds)!.Value;
            BinaryPrimitives.WriteUInt16BigEndian(map.AsSpan(10), (ushort)externalPort);
            BinaryPrimitives.WriteUInt32BigEndian(map.AsSpan(12), (uint)granted.TotalSeconds);
        }

        return map;
    }

    private HttpAnswer Answer(HttpQuestion question)
    {
        if (question.Action is null)
        {
            return Xml(200, Description(Services.Select((type, i) => (type, $"/ctl/{i}"))));
        }

        string action = question.Action.Split('#')[1];
        Heard.Add($"UPnP {action} {Argument(question, "NewProtocol")} {Argument(question, "NewInternalPort")} "
            + $"{Argument(question, "NewExternalPort")} {Argument(question, "NewLeaseDuration")}".TrimEnd());

        if (UpnpErrors.TryGetValue(action, out int error))
        {
            return Fault(error);
        }

        _ = int.TryParse(Argument(question, "NewExternalPort"), out int externalPort);
        _ = int.TryParse(Argument(question, "NewInternalPort"), out int internalPort);
        _ = uint.TryParse(Argument(question, "NewLeaseDuration"), out uint seconds);

        if (LeaseError > 0 && seconds > 0)
        {
            return Fault(LeaseError);
        }

        switch (action)
        {
            case "GetStatusInfo":
                return Response(action, "<NewConnectionStatus>Connected</NewConnectionStatus>");
            case "GetExternalIPAddress":
                return Response(action, $"<NewExternalIPAddress>{ExternalAddress}</NewExternalIPAddress>");
            case "AddPortMapping" or "AddAnyPortMapping":
                // A lease of 0 stands for a week, as with the real daemon.
                return Grant(externalPort, internalPort, seconds == 0 ? 604_800 : seconds) is null
                    ? Fault(718)
                    : Response(action, $"<NewReservedPort>{externalPort}</NewReservedPort>");
            case "GetSpecificPortMappingEntry":
                return LeadsHere(externalPort)
                    ? Response(action, $"<NewInternalClient>{Device}</NewInternalClient><NewInternalPort>"
                        + $"{Mappings[externalPort].InternalPort}</NewInternalPort>")
                    : Fault(714);
            default:
                return Mappings.Remove(externalPort) ? Response(action, "") : Fault(714);
        }
    }

    private static HttpAnswer Response(string action, string values)
        => Xml(200, "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
            + $"<u:{action}Response xmlns:u=\"x\">{values}</u:{action}Response></s:Body></s:Envelope>");

    private static HttpAnswer Fault(int code)
        => Xml(500, "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><detail>"
            + $"<UPnPError><errorCode>{code.ToString(CultureInfo.InvariantCulture)}</errorCode></UPnPError>"
            + "</detail></s:Fault></s:Body></s:Envelope>");

    private static string Argument(HttpQuestion question, string name)
        => Regex.Match(question.Body, $"<{name}>([^<]*)</{name}>").Groups[1].Value;
}
