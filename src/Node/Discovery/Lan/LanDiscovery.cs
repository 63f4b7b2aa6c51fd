using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// Discovery by mDNS and DNS-SD (RFC 6762, 6763) on all interfaces that lead to neighbours: gives each
/// <see cref="LanLane"/> sockets and a clock, and follows the interfaces as they come and go.
/// </summary>
/// <param name="swarm">Whose nodes are looked for; null for those of all swarms.</param>
/// <param name="service">What to announce; null for who only asks, and that for a moment.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For delays; used by this object alone.</param>
/// <param name="log">Where people learn of it.</param>
internal sealed class LanDiscovery(
    SwarmId? swarm, LanService? service, TimeProvider time, Random random, ILogger log) : ILanDiscovery
{
    private static readonly TimeSpan TimerMin = TimeSpan.FromMilliseconds(1);

    private readonly List<OpenLane> _lanes = [];
    private readonly HashSet<IPAddress> _own = [];
    private readonly HashSet<string> _refused = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly long _startedAt = time.GetTimestamp();
    private ITimer? _timer;
    private ITimer? _change;
    private bool _isWithdrawn;

    /// <inheritdoc/>
    public event Action<LanHint>? Found;

    /// <inheritdoc/>
    public event Action<string>? Gone;

    private TimeSpan Now => time.GetElapsedTime(_startedAt);

    /// <inheritdoc/>
    public void Start()
    {
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _change = time.CreateTimer(_ => Rescan(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        NetworkChange.NetworkAddressChanged += OnNetworkChanged;
        Rescan();
        _ = _change.Change(LanTimes.LookInterval, LanTimes.LookInterval);
    }

    /// <inheritdoc/>
    public void Withdraw()
    {
        lock (_gate)
        {
            _isWithdrawn = true;

            foreach (OpenLane open in _lanes)
            {
                open.Lane.Withdraw(Now);
                Advance(open);
            }

            Rearm();
        }
    }

    /// <summary>Says goodbye where it was not said, and closes the sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        NetworkChange.NetworkAddressChanged -= OnNetworkChanged;
        Withdraw();

        if (!IsSilent())
        {
            await Task.Delay(LanTimes.GoodbyeInterval + (2 * TimerMin), time);
        }

        await _stop.CancelAsync();

        lock (_gate)
        {
            _lanes.ForEach(open => open.Dispose());
            _lanes.Clear();
            _timer?.Dispose();
            _change?.Dispose();
        }
    }

    private bool IsSilent()
    {
        lock (_gate)
        {
            return _lanes.TrueForAll(open => open.Lane.IsSilent);
        }
    }

    // Interfaces change in bursts, and each change may be reported several times.
    private void OnNetworkChanged(object? sender, EventArgs change)
        => _change?.Change(LanTimes.ChangeDebounce, LanTimes.LookInterval);

    private void Rescan()
    {
        IReadOnlyList<LanInterface> all;

        try
        {
            all = LanInterfaces.Find(service?.Listen.Address ?? IPAddress.IPv6Any);
        }
        catch (NetworkInformationException unreadable)
        {
            LanLog.Refused(log, "all interfaces", unreadable.Message);
            return;
        }

        lock (_gate)
        {
            if (_stop.IsCancellationRequested || _isWithdrawn)
            {
                return;
            }

            _own.Clear();
            _own.UnionWith(all.SelectMany(at => at.Networks).Select(network => network.Address));

            foreach (OpenLane stale in _lanes.Where(open => !all.Any(at => at.IsSameAs(open.At))).ToArray())
            {
                stale.Dispose();
                _ = _lanes.Remove(stale);
            }

            LanInterface[] added = [.. all.Where(at => !_lanes.Exists(open => open.At.IsSameAs(at)))];
            OpenLane[] opened = [.. added.SelectMany(Open)];
            _lanes.AddRange(opened);

            foreach (OpenLane open in opened)
            {
                open.Lane.Start(Now);
                Advance(open);
            }

            if (opened.Length > 0 && service is not null)
            {
                LanLog.Announcing(log, string.Join(", ", _lanes.Select(open => open.At.Name).Distinct()));
            }

            Rearm();
        }
    }

    private IEnumerable<OpenLane> Open(LanInterface at)
    {
        foreach (AddressFamily family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            if (at.Has(family) && TryOpen(at, family) is { } open)
            {
                yield return open;
            }
        }
    }

    private OpenLane? TryOpen(LanInterface at, AddressFamily family)
    {
        LanSocket? shared = null;

        try
        {
            shared = service is null ? null : LanSocket.Open(at, family, isShared: true);
            var oneShot = LanSocket.Open(at, family, isShared: false);
            var lane = new LanLane(at, family, swarm, service, _own.Contains, random);
            var open = new OpenLane(at, lane, shared, oneShot);
            _ = ReceiveAsync(open, oneShot);

            if (shared is not null)
            {
                _ = ReceiveAsync(open, shared);
            }

            return open;
        }
        catch (SocketException refused)
        {
            shared?.Dispose();

            // Once for each reason: interfaces are looked at again and again.
            if (_refused.Add($"{at.Name} {family} {refused.SocketErrorCode}"))
            {
                LanLog.Refused(log, at.Name, refused.Message);
            }

            return null;
        }
    }

    private async Task ReceiveAsync(OpenLane open, LanSocket socket)
    {
        // One more than any packet may have, so that a longer one is seen to be longer.
        byte[] buffer = new byte[DnsLimits.PacketBytesMax + 1];
        await Task.Yield();

        while (!_stop.IsCancellationRequested)
        {
            try
            {
                (int length, IPEndPoint from) = await socket.ReceiveAsync(buffer, _stop.Token);

                lock (_gate)
                {
                    if (!_lanes.Contains(open))
                    {
                        return;
                    }

                    var outbox = new LanOutbox();
                    open.Lane.OnPacket(buffer.AsSpan(0, length), from, socket != open.Shared, Now, outbox);
                    Deliver(open, outbox);
                    Rearm();
                }
            }
            catch (SocketException)
            {
                // An answer of ours was refused by its asker's device, or the interface is going.
                await Task.Delay(LanTimes.SharedAnswerMin, time);
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (!_stop.IsCancellationRequested)
            {
                _lanes.ForEach(Advance);
                Rearm();
            }
        }
    }

    private void Advance(OpenLane open)
    {
        var outbox = new LanOutbox();
        open.Lane.Advance(Now, outbox);
        Deliver(open, outbox);
    }

    private void Deliver(OpenLane open, LanOutbox outbox)
    {
        while (outbox.Packets.TryDequeue(out LanPacket? packet))
        {
            (packet.IsOneShot ? open.OneShot : open.Shared ?? open.OneShot).Send(packet);
        }

        if (outbox.Conflict is { } label && _refused.Add(label))
        {
            LanLog.NameTaken(log, open.At.Name, label);
        }

        while (outbox.Found.TryDequeue(out LanHint? hint))
        {
            Found?.Invoke(hint);
        }

        while (outbox.Gone.TryDequeue(out string? instance))
        {
            Gone?.Invoke(instance);
        }
    }

    private void Rearm()
    {
        TimeSpan? due = _lanes.Select(open => open.Lane.NextDue).Min();
        TimeSpan wait = due is { } at ? at - Now + TimerMin : Timeout.InfiniteTimeSpan;
        _ = _timer?.Change(due is not null && wait < TimerMin ? TimerMin : wait, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A lane and its sockets.</summary>
    private sealed record OpenLane(LanInterface At, LanLane Lane, LanSocket? Shared, LanSocket OneShot) : IDisposable
    {
        public void Dispose()
        {
            Shared?.Dispose();
            OneShot.Dispose();
        }
    }
}
