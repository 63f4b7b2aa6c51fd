using Google.Protobuf;
using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Serving;

/// <summary>The way from a stage to its successor: dialled with the first step, watched until the run ends.</summary>
internal sealed class NextHop(
    LinkPool pool,
    StageSeat seat,
    SignedTicket ticket,
    ServingOptions options,
    TimeProvider time,
    Action<Fault> onBroken,
    CancellationToken stop) : IAsyncDisposable
{
    private ILinkStream? _stream;
    private Task _watch = Task.CompletedTask;

    private NodeId Peer => NodeId.Read(seat.Successor.Node.Span);

    /// <summary>Sends a step on.</summary>
    /// <exception cref="FaultException">With <see cref="FaultCode.HopFailed"/>: the successor is gone.</exception>
    internal async Task SendAsync(Step step, ReadOnlyMemory<byte> payload)
    {
        try
        {
            if (_stream is null)
            {
                _stream = await OpenAsync();
                _watch = WatchAsync(_stream);
            }

            using var patience = new CancellationTokenSource(options.HopSendTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop);
            await _stream.SendAsync(new Envelope { Step = step }, payload, either.Token);
        }
        catch (FaultException e) when (IsNobodysFault(e))
        {
            throw new OperationCanceledException(e.Message, e);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            throw new FaultException(Broken(e.Message));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new FaultException(Broken("It did not take the step in time."));
        }
    }

    /// <summary>Ends the stream; what was not sent yet belongs to a route that is over.</summary>
    public async ValueTask DisposeAsync()
    {
        _stream?.Reset(FaultCode.Cancelled, "The route was replaced.");
        await _watch;

        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }
    }

    private async Task<ILinkStream> OpenAsync()
    {
        if (pool.TryGet(Peer, out ILink? link))
        {
            return await GreetAsync(link);
        }

        using var patience = new CancellationTokenSource(options.HopDialTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop);

        try
        {
            return await GreetAsync(await pool.GetAsync(Addresses.Read(seat.Successor.Addresses, Peer), either.Token));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new LinkClosedException("It did not answer in time.");
        }
    }

    private async Task<ILinkStream> GreetAsync(ILink link)
    {
        ILinkStream stream = await link.OpenAsync(StreamPriority.Decode, stop);
        uint successor = (uint)((seat.Index + 1) % seat.StageCount);
        var hop = new OpenHop { Ticket = ticket, Stage = successor };
        await stream.SendAsync(new Envelope { OpenHop = hop }, default, stop);
        return stream;
    }

    // Nothing is ever answered on a hop: whatever comes back is its end.
    private async Task WatchAsync(ILinkStream stream)
    {
        try
        {
            Envelope? message = await stream.ReceiveAsync(stop);
            onBroken(Broken(message is null ? "It ended the hop." : "It answered on a hop."));
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        catch (FaultException e) when (IsNobodysFault(e))
        {
            // The origin hears of it from the successor itself, and this run from the origin.
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            onBroken(Broken(e.Message));
        }
    }

    // The successor ended its own part: it is in a newer epoch already, or it told the origin what is wrong.
    private static bool IsNobodysFault(FaultException e) => e.Code is FaultCode.StaleEpoch or FaultCode.Cancelled;

    private Fault Broken(string why) => new()
    {
        Code = FaultCode.HopFailed,
        Message = why,
        Peer = ByteString.CopyFrom(seat.Successor.Node.Span),
        Epoch = seat.Epoch,
    };
}
