using System.Threading.Channels;
using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Generation;

/// <summary>The origin's line to one stage for one epoch: opens the session there, listens, confirms, probes.</summary>
internal sealed class StageLine : IAsyncDisposable
{
    private readonly ILinkStream _stream;
    private readonly TimeProvider _time;
    private readonly TimeSpan _heartbeat;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private int _committed;
    private bool _probe;
    private Task _sending = Task.CompletedTask;
    private Task _receiving = Task.CompletedTask;

    private StageLine(
        Stage stage,
        int index,
        ILinkStream stream,
        SessionOpened opened,
        int committed,
        GenerationTimes times)
    {
        Stage = stage;
        Index = index;
        Held = (int)opened.Position;
        _stream = stream;
        _committed = committed;
        _time = times.Time;
        _heartbeat = times.Heartbeat;
    }

    internal Stage Stage { get; }

    internal int Index { get; }

    /// <summary>The positions the stage held when it opened.</summary>
    internal int Held { get; }

    /// <summary>What the stage last said of itself; null before the first word.</summary>
    internal Progress? Progress { get; set; }

    /// <summary>It was probed and has not answered since.</summary>
    internal bool IsAsked { get; set; }

    /// <summary>Nothing more will come from it.</summary>
    internal bool IsClosed { get; set; }

    internal ILink Link => _stream.Link;

    /// <summary>Opens the session at a stage.</summary>
    /// <exception cref="FaultException">The stage refuses.</exception>
    /// <exception cref="LinkClosedException">It cannot be reached.</exception>
    internal static async Task<StageLine> OpenAsync(
        ILink link,
        Stage stage,
        OpenSession open,
        GenerationTimes times,
        CancellationToken cancel)
    {
        ILinkStream stream = await link.OpenAsync(StreamPriority.Control, cancel);

        try
        {
            await stream.SendAsync(new Envelope { OpenSession = open }, default, cancel);
            Envelope? answer = await stream.ReceiveAsync(cancel);

            if (answer?.SessionOpened is not { } opened || opened.Position > open.Committed)
            {
                throw new FaultException(FaultCode.Protocol, "It did not answer how far it stands.");
            }

            return new StageLine(stage, (int)open.Stage, stream, opened, (int)open.Committed, times);
        }
        catch
        {
            stream.Reset(FaultCode.Cancelled, "The session is not wanted any more.");
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Begins to listen; every word, and the end, goes to <paramref name="events"/>.</summary>
    internal void Start(ChannelWriter<LineEvent> events)
    {
        _sending = SendAsync();
        _receiving = ReceiveAsync(events);
    }

    /// <summary>Tells the stage that the origin has every id below this position.</summary>
    internal void Commit(int position)
    {
        Volatile.Write(ref _committed, position);
        _ = _wake.Writer.TryWrite(true);
    }

    /// <summary>Asks the stage how far it is.</summary>
    internal void Probe()
    {
        IsAsked = true;
        Volatile.Write(ref _probe, true);
        _ = _wake.Writer.TryWrite(true);
    }

    /// <summary>Ends the line; where no newer epoch is open the stage gives its memory back.</summary>
    public async ValueTask DisposeAsync()
    {
        _stream.Reset(FaultCode.Cancelled, "The origin has ended it.");
        _stop.Cancel();
        await _sending;
        await _receiving;
        await _stream.DisposeAsync();
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        int told = Volatile.Read(ref _committed);

        try
        {
            while (true)
            {
                bool woken = await IsWokenAsync();

                if (Volatile.Read(ref _committed) is var committed && committed > told)
                {
                    told = committed;
                    var message = new Envelope { Committed = new Committed { Position = (uint)committed } };
                    await _stream.SendAsync(message, default, _stop.Token);
                }

                // Silence for a third of the lease: a probe renews it.
                if (Interlocked.Exchange(ref _probe, false) || !woken)
                {
                    await _stream.SendAsync(new Envelope { Probe = new Probe() }, default, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is LinkClosedException or FaultException or OperationCanceledException)
        {
            // Who receives on the same stream sees its end and says so.
        }
    }

    private async Task<bool> IsWokenAsync()
    {
        using var heartbeat = new CancellationTokenSource(_heartbeat, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(heartbeat.Token, _stop.Token);

        try
        {
            return await _wake.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task ReceiveAsync(ChannelWriter<LineEvent> events)
    {
        try
        {
            string why;

            try
            {
                while (await _stream.ReceiveAsync(_stop.Token) is { } message)
                {
                    await events.WriteAsync(new LineEvent(Index, message, null), _stop.Token);
                }

                why = "it ended the session";
            }
            catch (Exception e) when (e is LinkClosedException or FaultException)
            {
                why = e.Message;
            }

            await events.WriteAsync(new LineEvent(Index, null, why), _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The origin itself ended the line.
        }
    }
}
