using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>The commonest exchange: one message there, one back.</summary>
public static class LinkRequests
{
    /// <summary>Waits until the link is gone.</summary>
    public static async Task UntilClosedAsync(this ILink link, CancellationToken cancel)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration closed = link.Closed.Register(() => gone.TrySetResult());
        using CancellationTokenRegistration cancelled = cancel.Register(() => gone.TrySetCanceled(cancel));
        await gone.Task;
    }

    /// <summary>Sends a request on a stream of its own and returns the one answer.</summary>
    /// <exception cref="FaultException">The peer answered with a fault, or not in time.</exception>
    /// <exception cref="LinkClosedException">The link is gone.</exception>
    public static async ValueTask<Envelope> RequestAsync(
        this ILink link,
        Envelope request,
        StreamPriority priority,
        TimeSpan timeout,
        TimeProvider time,
        CancellationToken cancel)
    {
        // One source for both ends: a linked one beside it would double what every request costs.
        using var either = new CancellationTokenSource(timeout, time);
        using CancellationTokenRegistration ended = cancel.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), either);
        await using ILinkStream stream = await link.OpenAsync(priority, cancel);

        try
        {
            await stream.SendAsync(request, default, either.Token);
            await stream.EndAsync(either.Token);

            return await stream.ReceiveAsync(either.Token) switch
            {
                { Fault: { } fault } => throw new FaultException(fault),
                { } answer => answer,
                null => throw new FaultException(FaultCode.NotServed, $"No answer came to {request.BodyCase}."),
            };
        }
        catch (OperationCanceledException)
        {
            stream.Reset(FaultCode.Cancelled, "The answer is no longer wanted.");

            if (cancel.IsCancellationRequested)
            {
                throw;
            }

            string late = $"No answer to {request.BodyCase} came within {timeout.TotalSeconds} s.";
            throw new FaultException(FaultCode.Timeout, late);
        }
    }
}
