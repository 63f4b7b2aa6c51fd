using System.Buffers.Binary;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>
/// What a signature covers: a domain and parts, each behind its length, so that no two meanings collide.
/// </summary>
internal static class SignedBytes
{
    /// <summary>Lays out <c>len ‖ domain ‖ len ‖ part ‖ len ‖ part …</c> with 32-bit little-endian lengths.</summary>
    internal static byte[] Layout(string domain, params ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        int size = sizeof(int) + Encoding.ASCII.GetByteCount(domain);

        foreach (ReadOnlyMemory<byte> part in parts)
        {
            size += sizeof(int) + part.Length;
        }

        byte[] bytes = new byte[size];
        int offset = Append(bytes, 0, Encoding.ASCII.GetBytes(domain));

        foreach (ReadOnlyMemory<byte> part in parts)
        {
            offset = Append(bytes, offset, part.Span);
        }

        return bytes;
    }

    private static int Append(byte[] bytes, int offset, ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), part.Length);
        part.CopyTo(bytes.AsSpan(offset + sizeof(int)));
        return offset + sizeof(int) + part.Length;
    }
}
