using System.Text;
using System.Xml;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>Reads strangers' XML: no DTD, no entities but XML's own five, bounded in size, depth and values.</summary>
internal static class BoundedXml
{
    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = PortMappingLimits.HttpBytesMax,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
    };

    /// <summary>Gives every element's local name and text, in order, as the element ends.</summary>
    /// <exception cref="GatewayException">It is not well formed, or beyond a limit.</exception>
    public static void Read(ReadOnlySpan<byte> bytes, Action<string, string> onEnd)
    {
        // As text, whatever encoding it claims; some devices end it with zeros.
        string text = Encoding.UTF8.GetString(bytes).Trim('\0', '\uFEFF', ' ', '\r', '\n', '\t');

        if (bytes.Length > PortMappingLimits.HttpBytesMax)
        {
            throw GatewayException.Malformed($"{bytes.Length} bytes");
        }

        try
        {
            using var reader = XmlReader.Create(new StringReader(text), Settings);
            Read(reader, onEnd);
        }
        catch (XmlException broken)
        {
            throw GatewayException.Malformed(broken.Message, broken);
        }
    }

    private static void Read(XmlReader reader, Action<string, string> onEnd)
    {
        string value = "";

        while (reader.Read())
        {
            if (reader.Depth > PortMappingLimits.XmlDepthMax)
            {
                throw GatewayException.Malformed($"elements within elements, {reader.Depth} deep");
            }

            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    value = "";

                    if (reader.IsEmptyElement)
                    {
                        onEnd(reader.LocalName, "");
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    value = Joined(value, reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    onEnd(reader.LocalName, value.Trim());
                    value = "";
                    break;
                default:
                    break;
            }
        }
    }

    private static string Joined(string value, string more)
        => value.Length + more.Length <= PortMappingLimits.XmlValueMax
            ? value + more
            : throw GatewayException.Malformed("a value without an end");
}
