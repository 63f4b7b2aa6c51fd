using System.Security.Cryptography;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>
/// Keyrings as files: libp2p's <c>swarm.key</c> (<c>/key/swarm/psk/1.0.0/</c>, <c>/base16/</c>, 64 hexadecimal digits),
/// once for each key, the primary one first; behind them, once a founding key has been replaced, the swarm's origin.
/// </summary>
public static class SwarmKeyFile
{
    private const string KeyHeader = "/key/swarm/psk/1.0.0/";
    private const string OriginHeader = "/swarm/origin/1.0.0/";
    private const string Base16 = "/base16/";
    private const int BytesMax = 4096;

    /// <summary>Reads a keyring.</summary>
    /// <exception cref="IdentityException">There is no such file, others can read it, or it holds no key.</exception>
    public static SwarmKeyring Load(string path)
    {
        try
        {
            return Parse(SecretFile.Read(path, BytesMax));
        }
        catch (IdentityException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new IdentityException($"{path}: {e.Message}", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IdentityException($"there is no swarm key at {path}.", e);
        }
    }

    /// <summary>Reads a keyring, or founds a swarm with a new key in a file that only its owner can read.</summary>
    /// <exception cref="IdentityException">Others can read the file, or it holds no key.</exception>
    public static SwarmKeyring LoadOrCreate(string path)
    {
        string full = Path.GetFullPath(path);

        if (!File.Exists(full))
        {
            using var fresh = SwarmKeyring.Create();
            SecretFile.Create(full, Format(fresh));
        }

        return Load(full);
    }

    /// <summary>Puts a keyring in a file that only its owner can read, whole or not at all.</summary>
    public static void Save(string path, SwarmKeyring keyring)
        => SecretFile.Replace(Path.GetFullPath(path), Format(keyring));

    internal static string Format(SwarmKeyring keyring)
    {
        var text = new StringBuilder();
        Span<byte> secret = stackalloc byte[SwarmKey.Size];

        foreach (SwarmKey key in keyring.Keys)
        {
            key.Write(secret);
            _ = text.AppendJoin('\n', KeyHeader, Base16, Convert.ToHexStringLower(secret)).Append('\n');
        }

        CryptographicOperations.ZeroMemory(secret);

        if (keyring.Origin != keyring.Primary.Origin)
        {
            _ = text.AppendJoin('\n', OriginHeader, Base16, keyring.Origin.ToString()).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    internal static SwarmKeyring Parse(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        List<SwarmKey> keys = [];
        SwarmId? origin = null;

        for (int at = 0; at < lines.Length; at += 3)
        {
            string[] entry = lines[at..Math.Min(at + 3, lines.Length)];

            switch (entry)
            {
                case [KeyHeader, Base16, var digits] when TryRead(digits, SwarmKey.Size, out byte[] secret):
                    keys.Add(SwarmKey.Read(secret));
                    CryptographicOperations.ZeroMemory(secret);
                    break;

                case [OriginHeader, Base16, var digits] when origin is null
                    && TryRead(digits, SwarmId.Size, out byte[] id):
                    origin = SwarmId.Read(id);
                    break;

                default:
                    throw NoKey();
            }
        }

        return keys.Count > 0 ? new SwarmKeyring(keys, origin) : throw NoKey();
    }

    private static bool TryRead(string digits, int size, out byte[] bytes)
    {
        bytes = new byte[size];
        return digits.Length == 2 * size
            && Convert.FromHexString(digits, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    // Says nothing of what it found: that may be a secret too.
    private static IdentityException NoKey()
        => new($"this is no swarm key file: three lines, {KeyHeader}, {Base16} and 64 hexadecimal digits. A passphrase "
            + "is refused: it could be guessed. Let 'swarm join' make the key.");
}
