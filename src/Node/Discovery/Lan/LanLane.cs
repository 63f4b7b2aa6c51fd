using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// Discovery on one interface by one IP version: a responder, unless there is nothing to announce here, and a browser.
/// It owns no socket and no clock; the same packets at the same times have the same effects.
/// </summary>
internal sealed class LanLane
{
    private readonly LanInterface _at;
    private readonly LanResponder? _responder;
    private readonly LanBrowser _browser;
    private readonly RateBudget _packets = new(LanLimits.PacketsPerSecondMax, 2 * LanLimits.PacketsPerSecondMax);

    /// <param name="at">The interface.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="swarm">Whose nodes are looked for; null for those of all swarms.</param>
    /// <param name="service">What to announce; null for who stays but a moment.</param>
    /// <param name="isOwn">Whether an address is of this device, on whatever interface.</param>
    /// <param name="random">For delays and suffixes.</param>
    public LanLane(
        LanInterface at,
        AddressFamily family,
        SwarmId? swarm,
        LanService? service,
        Func<IPAddress, bool> isOwn,
        Random random)
    {
        int bytesMax = family == AddressFamily.InterNetwork ? DnsLimits.SentBytesMax4 : DnsLimits.SentBytesMax6;
        _at = at;
        _browser = new LanBrowser(
            swarm,
            at,
            name => name.FirstLabel == _responder?.Label,
            asked => _responder?.Answers(asked) ?? [],
            isBrief: service is null,
            bytesMax,
            random);
        _responder = service?.AddressesOn(at).Count > 0
            ? new LanResponder(service, at, isOwn, bytesMax, random)
            : null;
    }

    /// <summary>When <see cref="Advance"/> has something to do; null when only a packet changes that.</summary>
    public TimeSpan? NextDue => new[] { _responder?.NextDue, _browser.NextDue }.Min();

    /// <summary>Whether nothing more is to be said before the socket closes.</summary>
    public bool IsSilent => _responder?.NextDue is null;

    /// <summary>Nodes remembered.</summary>
    public int Count => _browser.Cache.Count;

    /// <summary>Begins.</summary>
    public void Start(TimeSpan now)
    {
        _responder?.Start(now);
        _browser.Start(now);
    }

    /// <summary>Takes this node's announcement back.</summary>
    public void Withdraw(TimeSpan now) => _responder?.Withdraw(now);

    /// <summary>A packet came.</summary>
    /// <param name="bytes">Whatever anybody may have sent.</param>
    /// <param name="from">Who claims to have sent it.</param>
    /// <param name="isOneShot">Whether it came to the port of our own, by unicast; else by multicast.</param>
    /// <param name="now">The time.</param>
    /// <param name="outbox">Takes what is to be done.</param>
    public void OnPacket(ReadOnlySpan<byte> bytes, IPEndPoint from, bool isOneShot, TimeSpan now, LanOutbox outbox)
    {
        if (!_at.IsOnLink(from.Address) || !_packets.TryTake(now))
        {
            return;
        }

        DnsMessage message;

        try
        {
            message = DnsReader.Read(bytes);
        }
        catch (DnsException)
        {
            return;
        }

        if (message.IsResponse && from.Port == LanSocket.Port)
        {
            // The answers of one asker are no conflict for all: they carry no claim to be the only ones.
            if (!isOneShot)
            {
                _responder?.OnResponse(message, now, outbox);
            }

            _browser.OnResponse(message, isOneShot, now, outbox);
        }
        else if (!message.IsResponse && !isOneShot)
        {
            _responder?.OnQuery(message, from, now, outbox);
            _browser.OnQuery(message, now, outbox);
        }

        Advance(now, outbox);
    }

    /// <summary>Does what is due.</summary>
    public void Advance(TimeSpan now, LanOutbox outbox)
    {
        _responder?.Advance(now, outbox);
        _browser.Advance(now, outbox);
    }
}
