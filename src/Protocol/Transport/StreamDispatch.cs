using Microsoft.Extensions.Logging;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>Gives each incoming stream to the handler of its first message.</summary>
internal sealed class StreamDispatch(ILogger log, TimeProvider time, LinkPoolOptions options)
{
    private readonly Dictionary<Envelope.BodyOneofCase, StreamHandler> _handlers = [];

    internal void Add(Envelope.BodyOneofCase first, StreamHandler handler) => _handlers.Add(first, handler);

    /// <summary>Most requests of one peer at a time.</summary>
    internal int PerLinkMax => options.HandlersPerLinkMax;

    /// <summary>
    /// Answers one stream, for as long as <paramref name="request"/> is not cancelled, and tells its link.
    /// </summary>
    internal async Task HandleAsync(ILinkStream stream, PooledLink link, PooledLink.Request request)
    {
        await Task.Yield();

        try
        {
            await using (stream)
            {
                ValueTask<Envelope?> first = stream.ReceiveAsync(request.Token);

                if ((first.IsCompletedSuccessfully ? first.Result : await FirstAsync(first, request)) is { } message)
                {
                    await HandleAsync(message, stream, request.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException or FaultException)
        {
            // The peer or the node went away before there was anything to answer.
        }
        finally
        {
            link.Exit(request);
        }
    }

    private async Task<Envelope?> FirstAsync(ValueTask<Envelope?> first, CancellationTokenSource request)
    {
        using ITimer patience = time.CreateTimer(
            static late => ((CancellationTokenSource)late!).Cancel(),
            request,
            LinkTimes.FrameMax,
            Timeout.InfiniteTimeSpan);

        return await first;
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
