using System.Threading.Channels;

namespace Swarm.Protocol.Transport;

/// <summary>Waits for what a peer has opened and nobody has taken yet.</summary>
internal static class Backlog
{
    /// <summary>The next in the queue; once the queue is closed and empty, an error that says why.</summary>
    /// <exception cref="LinkClosedException">Nothing will come any more.</exception>
    internal static async ValueTask<T> NextAsync<T>(
        this ChannelReader<T> queue,
        Func<string> whyClosed,
        CancellationToken cancel)
    {
        while (await queue.WaitToReadAsync(cancel))
        {
            if (queue.TryRead(out T? next))
            {
                return next;
            }
        }

        throw new LinkClosedException(whyClosed());
    }
}
