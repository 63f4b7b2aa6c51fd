namespace Swarm.Fuzz;

/// <summary>Several byte strings in one file, each behind its length.</summary>
internal static class Chunks
{
    public static byte[] Join(params IEnumerable<byte[]> chunks)
        => [.. chunks.SelectMany(chunk => BitConverter.GetBytes(chunk.Length).Concat(chunk))];

    public static List<byte[]> Split(byte[] bytes)
    {
        var chunks = new List<byte[]>();

        for (int at = 0; at + sizeof(int) <= bytes.Length;)
        {
            int length = Math.Clamp(BitConverter.ToInt32(bytes, at), 0, bytes.Length - at - sizeof(int));
            at += sizeof(int);
            chunks.Add(bytes[at..(at + length)]);
            at += length;
        }

        return chunks;
    }
}
