namespace Swarm.Protocol.Transport;

/// <summary>Accepts the streams of a link for its server.</summary>
internal static class LinkServing
{
    internal static async Task RunAsync(ILink link, ILinkServer server)
    {
        try
        {
            while (true)
            {
                server.OnStream(await link.AcceptAsync(link.Closed));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException)
        {
            // No more streams will come.
        }

        server.OnClosed();
    }
}
