using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>A domain name as its labels on the wire, uncompressed; letters compare without their case.</summary>
internal sealed class DnsName : IEquatable<DnsName>
{
    // Length, label, length, label, …, 0. A length is below 64 and so never an ASCII letter.
    private readonly byte[] _wire;

    private DnsName(byte[] wire) => _wire = wire;

    /// <summary>The root: no label at all.</summary>
    public static DnsName Root { get; } = new([0]);

    /// <summary>The name as it stands in a packet without compression.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>Whether there is no label.</summary>
    public bool IsRoot => _wire.Length == 1;

    /// <summary>The name without its first label.</summary>
    public DnsName Parent => IsRoot ? this : new DnsName(_wire[(1 + _wire[0])..]);

    /// <summary>The first label, as text.</summary>
    public string FirstLabel => Encoding.UTF8.GetString(_wire, 1, _wire[0]);

    /// <summary>The name of these labels, the most specific first.</summary>
    /// <exception cref="DnsException">A label is empty or too long, or all are together.</exception>
    public static DnsName Of(params ReadOnlySpan<string> labels)
    {
        var wire = new List<byte>();

        foreach (string label in labels)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(label);

            if (bytes.Length is 0 or > DnsLimits.LabelBytesMax)
            {
                throw new DnsException("a label has 1 to 63 bytes");
            }

            wire.Add((byte)bytes.Length);
            wire.AddRange(bytes);
        }

        wire.Add(0);
        return Checked([.. wire]);
    }

    /// <summary>A name one label longer than this one.</summary>
    /// <exception cref="DnsException">It would be too long.</exception>
    public DnsName Child(string label) => Checked([.. Of(label)._wire.AsSpan()[..^1], .. _wire]);

    /// <summary>Reads a whole name without compression, as <see cref="Wire"/> gives it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> wire, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        int at = 0;

        while (at < wire.Length && wire[at] is > 0 and <= DnsLimits.LabelBytesMax)
        {
            at += 1 + wire[at];
        }

        if (wire.Length > DnsLimits.NameBytesMax || at != wire.Length - 1 || wire[at] != 0)
        {
            return false;
        }

        name = new DnsName(wire.ToArray());
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(DnsName? other)
    {
        if (other is null || other._wire.Length != _wire.Length)
        {
            return false;
        }

        for (int i = 0; i < _wire.Length; i++)
        {
            if (Lower(_wire[i]) != Lower(other._wire[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DnsName);

    /// <summary>FNV-1a: the same in every process, so that one seed has one history.</summary>
    public override int GetHashCode()
    {
        uint hash = 2166136261;

        foreach (byte letter in _wire)
        {
            hash = unchecked((hash ^ Lower(letter)) * 16777619);
        }

        return unchecked((int)hash);
    }

    /// <summary>The labels with dots, for logs; what is not printable ASCII is written as \ddd.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();

        for (int at = 0; _wire[at] > 0; at += 1 + _wire[at])
        {
            foreach (byte letter in _wire.AsSpan(at + 1, _wire[at]))
            {
                _ = letter is > (byte)' ' and < 127 and not (byte)'.' and not (byte)'\\'
                    ? text.Append((char)letter)
                    : text.Append(CultureInfo.InvariantCulture, $"\\{letter:000}");
            }

            _ = text.Append('.');
        }

        return text.Length > 0 ? text.ToString() : ".";
    }

    private static byte Lower(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;

    private static DnsName Checked(byte[] wire)
        => wire.Length <= DnsLimits.NameBytesMax ? new DnsName(wire) : throw new DnsException("a name is too long");
}
