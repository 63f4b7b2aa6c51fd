using System.Net;
using Swarm.Node.Discovery.Lan.Wire;

namespace Swarm.Node.Discovery.Lan;

/// <summary>A record this node answers with, and when it was and will be sent to all.</summary>
internal sealed class OwnRecord(DnsRecord record)
{
    private TimeSpan? _sentAt;

    public DnsRecord Record { get; } = record;

    /// <summary>When it is to be sent; null when nobody asked.</summary>
    public TimeSpan? Due { get; private set; }

    /// <summary>The only one who asked; null when several did.</summary>
    public IPAddress? Asker { get; private set; }

    /// <summary>Plans to send it, unless all have it from a moment ago.</summary>
    public void Plan(TimeSpan due, TimeSpan repeatMin, IPAddress asker)
    {
        if (_sentAt is { } sent && due - sent < repeatMin)
        {
            return;
        }

        Asker = Due is null || asker.Equals(Asker) ? asker : null;
        Due = Due < due ? Due : due;
    }

    /// <summary>Nobody needs it any more.</summary>
    public void Cancel() => (Due, Asker) = (null, null);

    /// <summary>It goes out now.</summary>
    public void Sent(TimeSpan now)
    {
        _sentAt = now;
        Cancel();
    }
}
