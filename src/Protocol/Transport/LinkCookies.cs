using System.Buffers.Binary;
using System.Security.Cryptography;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/*
    0                 8                 16                                                    48
    +-----------------+-----------------+-----------------------------------------------------+
    | unix s (u64 BE) |      nonce      |   HMAC-SHA256(cookie key, "swarm-pre/1" ‖ the 16)   |
    +-----------------+-----------------+-----------------------------------------------------+
*/

/// <summary>
/// The first proof of membership: the first bytes on the wire of a private swarm, checked before TLS sees any. Each
/// cookie opens the door once.
/// </summary>
internal sealed class LinkCookies(TimeProvider time)
{
    internal const int Size = 48;

    /// <summary>How far two clocks may differ.</summary>
    internal static readonly TimeSpan Window = WireLimits.ClockSkewMax;

    // Only members fill it: 136 dials a second for as long as a cookie lives. Beyond, the oldest is forgotten, and
    // whoever replays that one still has no certificate to show.
    internal const int SpentMax = 16 * 1024;

    private const int SaltSize = 16;

    private readonly HashSet<UInt128> _spent = [];
    private readonly Queue<(UInt128 Salt, long Until)> _order = new();
    private readonly Lock _gate = new();

    private static ReadOnlySpan<byte> Domain => "swarm-pre/1"u8;

    /// <summary>How many cookies are remembered as spent.</summary>
    internal int Spent
    {
        get
        {
            lock (_gate)
            {
                return _spent.Count;
            }
        }
    }

    /// <summary>A fresh cookie.</summary>
    internal static byte[] Bake(SwarmKey key, DateTimeOffset now)
    {
        byte[] cookie = new byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(cookie, now.ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(cookie.AsSpan(sizeof(long)..SaltSize));
        key.ProveCookie(Proven(cookie), cookie.AsSpan(SaltSize));
        return cookie;
    }

    /// <summary>Whether a member made this cookie, now, and it is shown for the first time.</summary>
    internal bool Admits(ReadOnlySpan<byte> cookie, IReadOnlyList<SwarmKey> keys)
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        long then = BinaryPrimitives.ReadInt64BigEndian(cookie);
        long window = (long)Window.TotalSeconds;

        // No difference of hostile numbers: it could overflow.
        if (then < now - window || then > now + window)
        {
            return false;
        }

        byte[] bytes = Proven(cookie);

        foreach (SwarmKey key in keys)
        {
            if (key.VerifyCookie(bytes, cookie[SaltSize..]))
            {
                return Spend(BinaryPrimitives.ReadUInt128BigEndian(cookie), now, then + window);
            }
        }

        return false;
    }

    private static byte[] Proven(ReadOnlySpan<byte> cookie) => [.. Domain, .. cookie[..SaltSize]];

    private bool Spend(UInt128 salt, long now, long until)
    {
        lock (_gate)
        {
            while (_order.TryPeek(out (UInt128 Salt, long Until) oldest)
                && (oldest.Until < now || _order.Count >= SpentMax))
            {
                _ = _order.Dequeue();
                _ = _spent.Remove(oldest.Salt);
            }

            if (!_spent.Add(salt))
            {
                return false;
            }

            _order.Enqueue((salt, until));
            return true;
        }
    }
}
