using System.Security.Cryptography;

namespace Swarm.Protocol.Identity;

/// <summary>
/// The keys of a private swarm: with the first one a node proves that it is a member, any of them it accepts from
/// others. So a key is replaced without a moment in which two members cannot talk.
/// </summary>
public sealed class SwarmKeyring : IDisposable
{
    /// <summary>4: the one in use, its successor, and two that somebody forgot to drop.</summary>
    public const int KeysMax = 4;

    private volatile SwarmKey[] _keys;

    /// <summary>A keyring of one swarm.</summary>
    /// <param name="keys">The first is the one to prove with; at most <see cref="KeysMax"/>.</param>
    /// <param name="origin">Where the swarm's id comes from when its founding key has been replaced.</param>
    /// <exception cref="IdentityException">There are too many keys.</exception>
    public SwarmKeyring(IEnumerable<SwarmKey> keys, SwarmId? origin = null)
    {
        _keys = Checked(keys);
        Origin = origin ?? Primary.Origin;
    }

    /// <summary>The keys have changed.</summary>
    public event Action? Changed;

    /// <summary>What the swarm's ids come from; stays the same when the keys change.</summary>
    public SwarmId Origin { get; }

    /// <summary>The key this node proves its membership with.</summary>
    public SwarmKey Primary => _keys[0];

    /// <summary>All keys that are accepted, the primary one first. A new list after each change.</summary>
    public IReadOnlyList<SwarmKey> Keys => _keys;

    /// <summary>A keyring of one new key: a swarm founded now.</summary>
    public static SwarmKeyring Create() => new([SwarmKey.Create()]);

    /// <summary>The id of this keyring's swarm of that name.</summary>
    public SwarmId SwarmOf(string name) => SwarmId.FromName(name, Origin);

    /// <summary>
    /// Takes these keys, which are the keyring's from now on, in the place of the old ones. Links that only a key that
    /// is no longer among them let in are closed.
    /// </summary>
    /// <exception cref="IdentityException">There are too many keys, or none.</exception>
    public void Replace(IEnumerable<SwarmKey> keys)
    {
        SwarmKey[] fresh = Checked(keys);
        SwarmKey[] old = _keys;

        // A key that stays keeps its object, which others may be proving with at this moment.
        _keys = [.. fresh.Select(key => old.FirstOrDefault(held => held.Id == key.Id) ?? key)];
        Changed?.Invoke();

        foreach (SwarmKey key in fresh.Concat(old).Except(_keys))
        {
            key.Dispose();
        }
    }

    /// <summary>The same keys in objects of their own, for somebody else to dispose of.</summary>
    public SwarmKeyring Copy()
    {
        Span<byte> secret = stackalloc byte[SwarmKey.Size];
        List<SwarmKey> keys = [];

        foreach (SwarmKey key in _keys)
        {
            key.Write(secret);
            keys.Add(SwarmKey.Read(secret));
        }

        CryptographicOperations.ZeroMemory(secret);
        return new SwarmKeyring(keys, Origin);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SwarmKey key in _keys)
        {
            key.Dispose();
        }
    }

    private static SwarmKey[] Checked(IEnumerable<SwarmKey> keys)
    {
        SwarmKey[] distinct = [.. keys.DistinctBy(key => key.Id)];

        return distinct.Length is > 0 and <= KeysMax
            ? distinct
            : throw new IdentityException($"a swarm has 1 to {KeysMax} keys at a time, not {distinct.Length}: drop the "
                + "old ones first.");
    }
}
