using Microsoft.Extensions.Logging;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>Gives each incoming stream to the handler of its first message.</summary>
internal sealed class StreamDispatch(ILogger log, TimeProvider time, LinkPoolOptions options)
{
    private readonly Dictionary<Envelope.BodyOneofCase, StreamHandler> _handlers = [];

    internal void Add(Envelope.BodyOneofCase first, StreamHandler handler) => _handlers.Add(first, handler);

    /// <summary>Accepts streams until the link is gone and every handler has ended.</summary>
    internal async Task ServeAsync(ILink link, CancellationToken stop)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(link.Closed, stop);
        var running = new HashSet<Task>();

        try
        {
            while (true)
            {
                ILinkStream stream = await link.AcceptAsync(cancel.Token);
                _ = running.RemoveWhere(task => task.IsCompleted);

                if (running.Count >= options.HandlersPerLinkMax)
                {
                    stream.Reset(FaultCode.Busy, "Too many requests at once.");
                    continue;
                }

                _ = running.Add(HandleAsync(stream, cancel.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException)
        {
            // No more streams will come.
        }

        await Task.WhenAll(running);
    }

    private async Task HandleAsync(ILinkStream stream, CancellationToken cancel)
    {
        await Task.Yield();

        try
        {
            await using (stream)
            {
                if (await FirstAsync(stream, cancel) is { } first)
                {
                    await HandleAsync(first, stream, cancel);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException or FaultException)
        {
            // The peer or the node went away before there was anything to answer.
        }
    }

    private async Task<Envelope?> FirstAsync(ILinkStream stream, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(LinkTimes.FrameMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        return await stream.ReceiveAsync(either.Token);
    }

    private async Task HandleAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        if (!_handlers.TryGetValue(first.BodyCase, out StreamHandler? handler))
        {
            stream.Reset(FaultCode.NotServed, $"This node does not answer {first.BodyCase}.");
            return;
        }

        try
        {
            await handler(first, stream, cancel);
        }
        catch (FaultException e)
        {
            stream.Reset(e.Fault);
        }
        catch (ProtocolException e)
        {
            stream.Link.Abort(FaultCode.Protocol, e.Message);
        }
        catch (OperationCanceledException)
        {
            stream.Reset(FaultCode.Cancelled, "This node stopped working on the request.");
        }
        catch (LinkClosedException)
        {
            // Either this link, and nobody listens, or another that the answer needed.
            stream.Reset(FaultCode.HopFailed, "A link that the answer needed is gone.");
        }
#pragma warning disable CA1031 // The last resort: a defect in one handler must not end the link.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LinkPoolLog.HandlerFailed(log, first.BodyCase, stream.Link.Remote, e);
            stream.Reset(FaultCode.Internal, "The node has a defect; its own log says more.");
        }
    }
}
