using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Discovery.Lan;

/// <summary>Dials the nodes that are announced on the local network and that this process does not know yet.</summary>
/// <param name="lan">Tells of them.</param>
/// <param name="meet">Dials an address, and lets the node there prove itself, as at any address.</param>
/// <param name="isKnown">Whether a node is known already.</param>
/// <param name="isAlone">Whether none is.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For delays; used by this object alone.</param>
/// <param name="log">Where people learn of it.</param>
internal sealed class HintDialler(
    ILanDiscovery lan,
    Func<PeerAddress, CancellationToken, Task> meet,
    Func<NodeId, bool> isKnown,
    Func<bool> isAlone,
    TimeProvider time,
    Random random,
    ILogger log) : IAsyncDisposable
{
    // A dial goes through all addresses of a hint; one that swallows packets must not hold it up for ever.
    private static readonly TimeSpan DialMax = TimeSpan.FromSeconds(10);

    // Beyond the time for looking around: a node that was found in its last moment is still dialled.
    private static readonly TimeSpan FirstDialMax = TimeSpan.FromSeconds(2);

    private readonly HintBook _book = new(random);

    // Both hold one word at most: that somebody was met, and that there is something to do.
    private readonly Channel<bool> _met = Channel.CreateBounded<bool>(1);
    private readonly Channel<bool> _woken = Channel.CreateBounded<bool>(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly long _startedAt = time.GetTimestamp();
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private int _dials;

    /// <summary>Why the last node that was found could not be met.</summary>
    public Exception? LastRefusal { get; private set; }

    private TimeSpan Now => time.GetElapsedTime(_startedAt);

    /// <summary>Begins to listen for hints and to dial them.</summary>
    public void Start()
    {
        lan.Found += OnFound;
        lan.Gone += OnGone;
        _running = RunAsync();
        lan.Start();
    }

    /// <summary>Waits for the first node that is met.</summary>
    /// <param name="lookMax">How long to look around.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Whether any is known now.</returns>
    public async Task<bool> MeetFirstAsync(TimeSpan lookMax, CancellationToken cancel)
    {
        // A dial may just have begun when the time is over; or somebody was quicker and has dialled us.
        return await WaitAsync(_met.Reader, lookMax, cancel)
            || (IsDialling() && await WaitAsync(_met.Reader, FirstDialMax, cancel))
            || !isAlone();
    }

    /// <summary>Takes this node's announcement back, and dials no more.</summary>
    public void Withdraw()
    {
        _stop.Cancel();
        lan.Withdraw();
    }

    public async ValueTask DisposeAsync()
    {
        lan.Found -= OnFound;
        lan.Gone -= OnGone;
        _stop.Cancel();
        await lan.DisposeAsync();
        await _running;
    }

    private void OnFound(LanHint hint)
    {
        lock (_gate)
        {
            _book.Hear(hint, isAlone(), Now);
        }

        _ = _woken.Writer.TryWrite(true);
    }

    private void OnGone(string instance)
    {
        NodeId? met;

        lock (_gate)
        {
            met = _book.Forget(instance);
        }

        if (met is { } node)
        {
            LanLog.Gone(log, node.ToString());
        }
    }

    private bool IsDialling()
    {
        lock (_gate)
        {
            return _dials > 0;
        }
    }

    private async Task RunAsync()
    {
        var dials = new List<Task>();

        try
        {
            while (true)
            {
                _ = dials.RemoveAll(dial => dial.IsCompleted);
                _ = await WaitAsync(_woken.Reader, Begin(dials), _stop.Token);
                _ = _woken.Reader.TryRead(out _);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(dials);
        }
    }

    // Dials what is due; how long until there is more.
    private TimeSpan Begin(List<Task> dials)
    {
        lock (_gate)
        {
            while (dials.Count < LanLimits.DialsAtOnceMax && _book.TryTake(Now, isKnown, out LanHint? hint))
            {
                _dials++;
                dials.Add(DialAsync(hint));
            }

            return dials.Count < LanLimits.DialsAtOnceMax && _book.NextDue(Now) is { } due
                ? due - Now
                : Timeout.InfiniteTimeSpan;
        }
    }

    // Whether there is a word; it stays.
    private async Task<bool> WaitAsync(ChannelReader<bool> word, TimeSpan most, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(
            most < TimeSpan.Zero && most != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            return await word.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task DialAsync(LanHint hint)
    {
        // Begun under the lock.
        await Task.Yield();
        PeerAddress? met = await TryMeetAsync(hint);
        bool succeeded = met is not null;
        bool isNews;

        lock (_gate)
        {
            _dials--;
            isNews = _book.Dialled(hint, succeeded, Now);
        }

        if (isNews)
        {
            LanLog.Found(log, hint.Node.ToString(), (met! with { Node = null }).ToString());
        }

        _ = succeeded && _met.Writer.TryWrite(true);
        _ = _woken.Writer.TryWrite(true);
    }

    // Where it was; null when nowhere.
    private async Task<PeerAddress?> TryMeetAsync(LanHint hint)
    {
        using var patience = new CancellationTokenSource(DialMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stop.Token);
        Exception? refusal = null;

        foreach (PeerAddress address in hint.Addresses)
        {
            try
            {
                await meet(address, either.Token);
                return address;
            }
            catch (Exception reason) when (reason is LinkClosedException or FaultException or ProtocolException
                or OperationCanceledException)
            {
                refusal = reason;
            }
        }

        if (refusal is not (null or OperationCanceledException))
        {
            LastRefusal = refusal;
            LanLog.Stranger(log, (hint.Addresses[0] with { Node = null }).ToString(), refusal.Message);
        }

        return null;
    }
}
