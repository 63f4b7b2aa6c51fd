using System.Net;
using System.Net.Sockets;

namespace Swarm.Protocol.Transport;

/// <summary>
/// The room before the door: connections that have not said Hello. When it is full, or one address has sent too many,
/// the one that has been silent the longest makes room, so that a member's place is never taken by those who wait.
/// </summary>
/// <param name="most">How many there may be.</param>
/// <param name="mostPerAddress">How many of one address that have shown nothing yet; loopback is one device, and
/// every process on it is known to its owner.</param>
internal sealed class StrangerGate(int most, int mostPerAddress)
{
    private readonly List<Stranger> _strangers = [];
    private readonly Lock _gate = new();

    /// <summary>How many are in the room.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _strangers.Count;
            }
        }
    }

    /// <summary>Lets a connection in; null when nobody makes room for it.</summary>
    /// <param name="socket">The connection; disposed of when it must make room for another.</param>
    /// <param name="from">Where it comes from.</param>
    /// <param name="silent">Whether it has a key to show; in a public swarm nobody has.</param>
    internal Stranger? Enter(Socket socket, IPAddress from, bool silent)
    {
        var stranger = new Stranger(socket, GroupOf(from)) { IsSilent = silent };
        Stranger? evicted = null;

        lock (_gate)
        {
            if (stranger.Group is { } group
                && _strangers.Count(other => other.IsSilent && group.Equals(other.Group)) >= mostPerAddress)
            {
                evicted = _strangers.Find(other => other.IsSilent && group.Equals(other.Group));
            }
            else if (_strangers.Count >= most)
            {
                evicted = _strangers.Find(other => other.IsSilent);

                if (evicted is null)
                {
                    return null;
                }
            }

            if (evicted is not null)
            {
                _ = _strangers.Remove(evicted);
            }

            _strangers.Add(stranger);
        }

        evicted?.Socket.Close(0);
        return stranger;
    }

    /// <summary>The connection has shown the key: its place is its own.</summary>
    internal void Admit(Stranger stranger)
    {
        lock (_gate)
        {
            stranger.IsSilent = false;
        }
    }

    /// <summary>The connection has said Hello, or is gone.</summary>
    internal void Leave(Stranger stranger)
    {
        lock (_gate)
        {
            _ = _strangers.Remove(stranger);
        }
    }

    // A site has an IPv4 address, or the 2^64 of an IPv6 network.
    private static IPAddress? GroupOf(IPAddress from)
    {
        if (from.IsIPv4MappedToIPv6)
        {
            from = from.MapToIPv4();
        }

        if (IPAddress.IsLoopback(from))
        {
            return null;
        }

        return from.AddressFamily == AddressFamily.InterNetworkV6
            ? new IPAddress([.. from.GetAddressBytes().AsSpan(0, 8), .. new byte[8]])
            : from;
    }

    /// <summary>One connection that has not said Hello.</summary>
    internal sealed class Stranger(Socket socket, IPAddress? group)
    {
        internal Socket Socket { get; } = socket;

        internal IPAddress? Group { get; } = group;

        internal bool IsSilent { get; set; }
    }
}
