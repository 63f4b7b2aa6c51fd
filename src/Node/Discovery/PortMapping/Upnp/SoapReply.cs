using System.Globalization;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>What a service answers.</summary>
internal static class SoapReply
{
    private const int Ok = 200;

    /// <summary>The answer's values by their names; of the same name the first.</summary>
    /// <exception cref="GatewayException">It refuses, with its code, or is no answer.</exception>
    public static IReadOnlyDictionary<string, string> Parse(HttpAnswer answer)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);

        try
        {
            BoundedXml.Read(answer.Body, (name, value) =>
            {
                if (values.TryAdd(name, value) && values.Count > PortMappingLimits.XmlItemsMax)
                {
                    throw GatewayException.Malformed("values without an end");
                }
            });
        }
        catch (GatewayException broken) when (answer.Status != Ok)
        {
            // A web server's own page: the status says as much.
            throw new GatewayException(GatewayFault.Refused, $"The gateway answers {answer.Status}.", broken);
        }

        if (answer.Status == Ok)
        {
            return values;
        }

        string text = values.GetValueOrDefault("errorCode", "");
        _ = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int code);
        throw Refusal(code, answer.Status);
    }

    private static GatewayException Refusal(int code, int status)
    {
        (GatewayFault fault, string why) = (UpnpError)code switch
        {
            UpnpError.NotAuthorized => (GatewayFault.NotAllowed, "its owner does not allow it"),
            UpnpError.ConflictInMappingEntry or UpnpError.ConflictWithOtherMechanisms
                => (GatewayFault.PortTaken, "the external port is taken"),
            UpnpError.NoPortMapsAvailable => (GatewayFault.Unavailable, "it has no room"),
            _ => (GatewayFault.Refused, $"it refuses (error {(code > 0 ? code : status)})"),
        };

        return new GatewayException(fault, $"The gateway maps no port by UPnP: {why}.") { Code = code };
    }
}
