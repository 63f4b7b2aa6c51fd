using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>Asks again where nobody answered; each question here may be asked twice without harm.</summary>
internal static class HttpTries
{
    /// <exception cref="GatewayException">No answer, or one beyond the limits.</exception>
    public static async Task<HttpAnswer> AskAsync(
        IGatewayNetwork network, Gateway gateway, HttpQuestion question, CancellationToken cancel)
    {
        for (int tried = 1; ; tried++)
        {
            try
            {
                return await network.AskAsync(gateway, question, cancel);
            }
            catch (GatewayException silent) when (
                silent.Fault is GatewayFault.Silent && tried < PortMappingLimits.HttpTriesMax)
            {
                // Once more.
            }
        }
    }
}
