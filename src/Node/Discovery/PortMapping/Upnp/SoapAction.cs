using System.Security;
using System.Text;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>A question to a service, as an envelope of SOAP 1.1.</summary>
internal static class SoapAction
{
    /// <summary>Writes the envelope; the arguments' order is part of the contract.</summary>
    public static string Write(string service, string action, IEnumerable<(string Name, string Value)> arguments)
    {
        var text = new StringBuilder()
            .Append("<?xml version=\"1.0\"?>\r\n")
            .Append("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" ")
            .Append("s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>")
            .Append("<u:").Append(action).Append(" xmlns:u=\"").Append(service).Append("\">");

        foreach ((string name, string value) in arguments)
        {
            _ = text.Append('<').Append(name).Append('>')
                .Append(SecurityElement.Escape(value))
                .Append("</").Append(name).Append('>');
        }

        return text.Append("</u:").Append(action).Append("></s:Body></s:Envelope>\r\n").ToString();
    }
}
