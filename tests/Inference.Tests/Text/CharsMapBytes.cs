using System.Text;

namespace Swarm.Inference.Tests.Text;

/// <summary>Writes a precompiled map: a double-array trie over UTF-8, one block of 256 units per node.</summary>
internal static class CharsMapBytes
{
    private const uint HasValue = 0x100;
    private const uint IsValue = 0x8000_0000;

    /// <summary>The map of these replacements, as sentencepiece writes it.</summary>
    public static byte[] Of(IEnumerable<(string From, string To)> pairs)
    {
        var root = new Node();
        var replacements = new MemoryStream();

        foreach ((string from, string to) in pairs)
        {
            Node node = root;

            foreach (byte value in Encoding.UTF8.GetBytes(from))
            {
                node = node.Children.TryGetValue(value, out Node? child) ? child : node.Children[value] = new Node();
            }

            node.Value = (uint)replacements.Length;
            replacements.Write(Encoding.UTF8.GetBytes(to + "\0"));
        }

        var units = new List<uint>(new uint[256]);
        Write(root, 0, 0, units);
        byte[] array = [.. units.SelectMany(BitConverter.GetBytes)];
        return [.. BitConverter.GetBytes(array.Length), .. array, .. replacements.ToArray()];
    }

    private static void Write(Node node, int at, byte label, List<uint> units)
    {
        // A block's base differs from its unit's index in bits above the label, so that no child meets its parent.
        int block = units.Count;
        units.AddRange(new uint[256]);
        units[at] = ((uint)(block ^ at) << 10) | label | (node.Value is null ? 0 : HasValue);

        if (node.Value is { } value)
        {
            units[block] = IsValue | value;
        }

        foreach ((byte next, Node child) in node.Children)
        {
            Write(child, block ^ next, next, units);
        }
    }

    private sealed class Node
    {
        public SortedDictionary<byte, Node> Children { get; } = [];

        public uint? Value { get; set; }
    }
}
