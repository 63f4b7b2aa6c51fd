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

    /// <summary>
    /// Sends a request on a stream of its own and returns the answer, the first if there are several.
    /// </summary>
    /// <param name="link">The link.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="priority">Of the request.</param>
    /// <param name="timeout">For all answers together.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Nobody wants the answer any more.</param>
    /// <param name="isFollowed">Is given each answer and says whether another follows; without it none does.</param>
    /// <exception cref="FaultException">The peer answered with a fault, or not in time.</exception>
    /// <exception cref="LinkClosedException">The link is gone.</exception>
    public static async ValueTask<Envelope> RequestAsync(
        this ILink link,
        Envelope request,
        StreamPriority priority,
        TimeSpan timeout,
        TimeProvider time,
        CancellationToken cancel,
        Func<Envelope, bool>? isFollowed = null)
    {
        // Both ends reset the stream, which ends every wait on it: a token for each wait would double the cost.
        await using ILinkStream stream = await link.OpenAsync(priority, cancel);
        var patience = new Patience(stream, request.BodyCase, timeout);
        using ITimer deadline = time.CreateTimer(Patience.End, patience, timeout, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration left = cancel.UnsafeRegister(Patience.GiveUp, patience);

        try
        {
            await stream.SendAsync(request, default, CancellationToken.None);
            await stream.EndAsync(CancellationToken.None);

            Envelope first = await AnswerAsync(stream, request);

            for (Envelope last = first; isFollowed?.Invoke(last) == true;)
            {
                last = await AnswerAsync(stream, request);
            }

            return first;
        }
        catch (FaultException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    }

    private static async ValueTask<Envelope> AnswerAsync(ILinkStream stream, Envelope request)
        => await stream.ReceiveAsync(CancellationToken.None) switch
        {
            { Fault: { } fault } => throw new FaultException(fault),
            { } answer => answer,
            null => throw new FaultException(FaultCode.NotServed, $"No answer came to {request.BodyCase}."),
        };

    private sealed class Patience(ILinkStream stream, Envelope.BodyOneofCase asked, TimeSpan timeout)
    {
        internal static void End(object? patience) => ((Patience)patience!).End();

        internal static void GiveUp(object? patience)
            => ((Patience)patience!).Stream.Reset(FaultCode.Cancelled, "The answer is no longer wanted.");

        private ILinkStream Stream => stream;

        private void End()
            => stream.Reset(FaultCode.Timeout, $"No answer to {asked} came within {timeout.TotalSeconds} s.");
    }
}
