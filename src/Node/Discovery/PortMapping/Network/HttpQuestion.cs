namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>A GET, or with an action a SOAP POST.</summary>
/// <param name="Address">An http address whose host is an IPv4 literal.</param>
/// <param name="Action">The SOAPAction header's content, without its quotes.</param>
/// <param name="Body">The envelope.</param>
internal sealed record HttpQuestion(Uri Address, string? Action = null, string Body = "");
