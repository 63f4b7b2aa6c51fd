using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>Which swarm a node belongs to; in every Hello and every DHT key, so that two swarms never mix.</summary>
public readonly record struct SwarmId
{
    /// <summary>The size of an id on the wire.</summary>
    public const int Size = 16;

    private readonly UInt128 _value;

    private SwarmId(UInt128 value) => _value = value;

    /// <summary>The id of the public swarm that people call by this name.</summary>
    public static SwarmId FromName(string name)
        => Read(SHA256.HashData(SignedBytes.Layout("swarm-id/1", Encoding.UTF8.GetBytes(name))));

    /// <summary>The id of a private swarm: of its name, and of the key that founded it.</summary>
    public static SwarmId FromName(string name, SwarmId origin)
        => Read(SHA256.HashData(
            SignedBytes.Layout("swarm-id/1 private", origin.ToByteArray(), Encoding.UTF8.GetBytes(name))));

    /// <summary>Reads an id from its first <see cref="Size"/> bytes.</summary>
    public static SwarmId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>The id as <see cref="Size"/> bytes.</summary>
    [SuppressMessage("Performance", "CA1819", Justification = "A fresh copy each time.")]
    public byte[] ToByteArray()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }

    /// <summary>Lower-case hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToByteArray());
}
