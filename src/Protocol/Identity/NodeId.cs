using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Swarm.Protocol.Identity;

/// <summary>The 256-bit name of a node: the digest inside its libp2p PeerId.</summary>
public readonly struct NodeId : IEquatable<NodeId>, IComparable<NodeId>
{
    /// <summary>The size of an id on the wire.</summary>
    public const int Size = 32;

    private const byte Sha256Code = 0x12;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private NodeId(UInt128 high, UInt128 low) => (_high, _low) = (high, low);

    /// <summary>The first 64 bits: enough to tell most ids, and most distances, apart.</summary>
    public ulong Head => (ulong)(_high >> 64);

    /// <summary>Reads an id from its <see cref="Size"/> big-endian bytes.</summary>
    public static NodeId Read(ReadOnlySpan<byte> source)
        => new(BinaryPrimitives.ReadUInt128BigEndian(source), BinaryPrimitives.ReadUInt128BigEndian(source[16..]));

    /// <summary>Writes the id as <see cref="Size"/> big-endian bytes.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt128BigEndian(target, _high);
        BinaryPrimitives.WriteUInt128BigEndian(target[16..], _low);
    }

    /// <summary>The XOR distance to <paramref name="other"/>, itself a point of the key space.</summary>
    public NodeId DistanceTo(NodeId other) => new(_high ^ other._high, _low ^ other._low);

    /// <inheritdoc/>
    public int CompareTo(NodeId other)
        => _high == other._high ? _low.CompareTo(other._low) : _high.CompareTo(other._high);

    /// <inheritdoc/>
    public bool Equals(NodeId other) => _high == other._high && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NodeId other && Equals(other);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override int GetHashCode() => (int)_low;

    /// <summary>
    /// The libp2p PeerId, <c>Qm…</c>: base58 of the multihash (sha2-256, 32 bytes) of the node's key.
    /// </summary>
    public override string ToString()
    {
        Span<byte> multihash = stackalloc byte[2 + Size];
        multihash[0] = Sha256Code;
        multihash[1] = Size;
        Write(multihash[2..]);
        return Base58.Encode(multihash);
    }

    /// <summary>The last six letters of the PeerId: enough to recognise a node in a log.</summary>
    public string Brief => ToString()[^6..];

    /// <summary>Reads a PeerId as <see cref="ToString"/> writes it.</summary>
    public static bool TryParse(string text, out NodeId id)
    {
        id = default;

        if (!Base58.TryDecode(text, 2 + Size, out byte[]? multihash)
            || multihash[0] != Sha256Code
            || multihash[1] != Size)
        {
            return false;
        }

        id = Read(multihash.AsSpan(2));
        return true;
    }

    /// <summary>Whether two ids name the same node.</summary>
    public static bool operator ==(NodeId left, NodeId right) => left.Equals(right);

    /// <summary>Whether two ids name different nodes.</summary>
    public static bool operator !=(NodeId left, NodeId right) => !left.Equals(right);

    /// <summary>Key-space order.</summary>
    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;

    /// <summary>Key-space order.</summary>
    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;

    /// <summary>Key-space order.</summary>
    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;

    /// <summary>Key-space order.</summary>
    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;
}
