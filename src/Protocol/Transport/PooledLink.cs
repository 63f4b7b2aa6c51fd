using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>A link in a <see cref="LinkPool"/>, and what runs on it for the peer.</summary>
internal sealed class PooledLink(LinkPool pool, ILink link, long lastUsed) : ILinkServer
{
    private Request? _running;
    private int _count;
    private bool _stopped;

    internal ILink Link => link;

    internal long LastUsed { get; private set; } = lastUsed;

    /// <inheritdoc/>
    public void OnStream(ILinkStream stream)
    {
        var request = new Request();

        if (TryEnter(request))
        {
            _ = pool.Dispatch.HandleAsync(stream, this, request);
        }
        else
        {
            request.Dispose();
            stream.Reset(FaultCode.Busy, "Too many requests at once.");
        }
    }

    /// <inheritdoc/>
    public void OnClosed()
    {
        pool.OnClosed(this);
        Stop();
    }

    internal void Touch(TimeProvider time) => LastUsed = time.GetTimestamp();

    /// <summary>Cancels what runs on the link, and lets nothing new begin.</summary>
    internal void Stop()
    {
        var running = new List<Request>();

        lock (pool.Gate)
        {
            _stopped = true;

            for (Request? request = _running; request is not null; request = request.Next)
            {
                running.Add(request);
            }
        }

        running.ForEach(request => request.Cancel());
    }

    private bool TryEnter(Request request)
    {
        lock (pool.Gate)
        {
            if (_stopped || pool.IsStopping || _count >= pool.Dispatch.PerLinkMax)
            {
                return false;
            }

            request.Next = _running;
            _running?.Previous = request;
            _running = request;
            _count++;
            pool.Enter();
            return true;
        }
    }

    /// <summary>A request has been answered, or will not be.</summary>
    internal void Exit(Request request)
    {
        lock (pool.Gate)
        {
            request.Previous?.Next = request.Next;
            request.Next?.Previous = request.Previous;
            _running = _running == request ? request.Next : _running;
            _count--;
        }

        pool.Exit();
    }

    /// <summary>Cancelled when the link is gone or the node stops.</summary>
    /// <remarks>In a list of its own kind: most links run none or one.</remarks>
    internal sealed class Request : CancellationTokenSource
    {
        internal Request? Previous { get; set; }

        internal Request? Next { get; set; }
    }
}
