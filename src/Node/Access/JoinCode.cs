using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Node.Access;

/*
    version (1) | flags: 1 key, 2 origin, 4 model | [key (32)] [origin (16)] | name | [model] | count | addresses | sum
    name, model: length (1), UTF-8.   address: 4, IPv4 (4) | 6, IPv6 (16) | 0, length (1), DNS name; then port (2, BE).
    sum: the first four bytes of SHA-256("swarm-code/1" ‖ all before it).
    Written in base 32, in groups of five letters behind "SWARM-".
*/

/// <summary>
/// All that another device needs to join, in one line: the swarm's name, its key, and where to knock.
/// </summary>
internal sealed record JoinCode
{
    /// <summary>Four: a device's networks, v4 and v6. More make the line longer than a terminal is wide.</summary>
    public const int AddressesMax = 4;

    private const string Prefix = "SWARM";
    private const byte Version = 1;
    private const byte HasKey = 1;
    private const byte HasOrigin = 2;
    private const byte HasModel = 4;
    private const int SumBytes = 4;
    private const int LettersMax = 2048;
    private const int GroupLetters = 5;
    private const int NameBytesMax = 255;

    /// <summary>The swarm's name.</summary>
    public required string Swarm { get; init; }

    /// <summary>Its key; null for a public swarm.</summary>
    public SwarmKeyring? Keyring { get; init; }

    /// <summary>Where its nodes may be dialled.</summary>
    public IReadOnlyList<PeerAddress> Addresses { get; init; } = [];

    /// <summary>The model that is served there, for whoever names none.</summary>
    public string? Model { get; init; }

    /// <summary>Reads a code as people hand it on: in any case, with spaces, without the dashes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out JoinCode? code, out string whyNot)
    {
        code = null;
        whyNot = "this is no join code: copy the whole line that 'swarm invite' prints on the other device.";

        if (text.Length > LettersMax)
        {
            return false;
        }

        string letters = string.Concat(text.Where(letter => letter != '-' && !char.IsWhiteSpace(letter)));

        if (!letters.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        whyNot = "the join code is cut or mistyped: copy the whole line that 'swarm invite' prints on that device.";
        byte[]? bytes = CrockfordBase32.Decode(letters[Prefix.Length..]);

        if (bytes is null
            || bytes.Length <= SumBytes
            || !Sum(bytes.AsSpan(..^SumBytes)).AsSpan().SequenceEqual(bytes.AsSpan(^SumBytes..)))
        {
            return false;
        }

        if (bytes[0] != Version)
        {
            whyNot = "the join code comes from another version of swarm: use the same version on both devices.";
            return false;
        }

        code = Read(bytes.AsSpan(1..^SumBytes));
        return code is not null;
    }

    /// <summary>The code as one line. Whoever sees it can join.</summary>
    public string Write()
    {
        var bytes = new List<byte> { Version, Flags };
        Span<byte> secret = stackalloc byte[SwarmKey.Size];

        if (Keyring is not null)
        {
            Keyring.Primary.Write(secret);
            bytes.AddRange(secret);
            CryptographicOperations.ZeroMemory(secret);
        }

        if ((Flags & HasOrigin) != 0)
        {
            bytes.AddRange(Keyring!.Origin.ToByteArray());
        }

        AddText(bytes, Swarm);

        if (Model is not null)
        {
            AddText(bytes, Model);
        }

        bytes.Add((byte)Math.Min(Addresses.Count, AddressesMax));

        foreach (PeerAddress address in Addresses.Take(AddressesMax))
        {
            AddAddress(bytes, address);
        }

        bytes.AddRange(Sum([.. bytes]));
        IEnumerable<string> groups = CrockfordBase32.Encode([.. bytes])
            .Chunk(GroupLetters).Select(group => new string(group));
        return $"{Prefix}-{string.Join('-', groups)}";
    }

    private byte Flags => (byte)(
        (Keyring is null ? 0 : HasKey)
        | (Keyring is null || Keyring.Origin == Keyring.Primary.Origin ? 0 : HasOrigin)
        | (Model is null ? 0 : HasModel));

    private static byte[] Sum(ReadOnlySpan<byte> bytes)
        => SHA256.HashData([.. "swarm-code/1"u8, .. bytes])[..SumBytes];

    private static void AddText(List<byte> bytes, string text)
    {
        byte[] letters = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(letters.Length, NameBytesMax);
        bytes.Add((byte)length);
        bytes.AddRange(letters.AsSpan(0, length));
    }

    private static void AddAddress(List<byte> bytes, PeerAddress address)
    {
        if (IPAddress.TryParse(address.Host, out IPAddress? ip))
        {
            byte[] octets = ip.GetAddressBytes();
            bytes.Add((byte)(octets.Length == 4 ? 4 : 6));
            bytes.AddRange(octets);
        }
        else
        {
            bytes.Add(0);
            AddText(bytes, address.Host);
        }

        bytes.Add((byte)(address.Port >> 8));
        bytes.Add((byte)address.Port);
    }

    // What passes the sum was written by some program, not necessarily by this one.
    private static JoinCode? Read(ReadOnlySpan<byte> bytes)
    {
        SwarmKey? key = null;

        try
        {
            byte flags = bytes[0];
            bytes = bytes[1..];
            key = (flags & HasKey) != 0 ? SwarmKey.Read(Take(ref bytes, SwarmKey.Size)) : null;
            SwarmId? origin = (flags & HasOrigin) != 0 ? SwarmId.Read(Take(ref bytes, SwarmId.Size)) : null;
            string name = TakeText(ref bytes);
            string? model = (flags & HasModel) != 0 ? TakeText(ref bytes) : null;
            var addresses = new PeerAddress[Take(ref bytes, 1)[0]];

            for (int i = 0; i < addresses.Length; i++)
            {
                addresses[i] = TakeAddress(ref bytes);
            }

            return bytes.Length == 0 && name.Length > 0 && addresses.Length <= AddressesMax
                ? new JoinCode
                {
                    Swarm = name,
                    Keyring = key is null ? null : new SwarmKeyring([key], origin),
                    Addresses = addresses,
                    Model = model,
                }
                : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or IndexOutOfRangeException
            or IdentityException)
        {
            key?.Dispose();
            return null;
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        ReadOnlySpan<byte> taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    private static string TakeText(ref ReadOnlySpan<byte> bytes)
    {
        string text = new UTF8Encoding(false, throwOnInvalidBytes: true)
            .GetString(Take(ref bytes, Take(ref bytes, 1)[0]));
        return text.Any(char.IsControl) ? throw new FormatException() : text;
    }

    private static PeerAddress TakeAddress(ref ReadOnlySpan<byte> bytes)
    {
        string host = Take(ref bytes, 1)[0] switch
        {
            4 => new IPAddress(Take(ref bytes, 4)).ToString(),
            6 => new IPAddress(Take(ref bytes, 16)).ToString(),
            0 => TakeText(ref bytes),
            _ => throw new FormatException(),
        };
        int port = BinaryPrimitives.ReadUInt16BigEndian(Take(ref bytes, 2));
        string bracketed = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

        return host.Length <= WireLimits.HostLettersMax
            && PeerAddress.TryParse($"{bracketed}:{port}", out PeerAddress? address)
            && address.Node is null
            ? address
            : throw new FormatException();
    }
}
