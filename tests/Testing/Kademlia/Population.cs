using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;

namespace Swarm.Testing.Kademlia;

/// <summary>Everybody in the order of their names, so that those who share a prefix stand side by side.</summary>
internal sealed class Population
{
    private readonly (NodeId Id, Contact Contact)[] _sorted;
    private readonly int _bucketSize;

    internal Population(IEnumerable<Contact> contacts, int bucketSize)
    {
        _bucketSize = bucketSize;
        _sorted = [.. contacts.Select(contact => (contact.Id, contact)).OrderBy(entry => entry.Id)];
    }

    /// <summary>Fills the table of a node with some of every region.</summary>
    internal void Acquaint(DhtMember member, SimulatedNetwork network, Random random)
    {
        (int first, int last) = (0, _sorted.Length);

        // Half of what is left lies in the next bucket, until nobody is left but the node itself.
        for (int bit = 0; last - first > 1; bit++)
        {
            int middle = Split(first, last, bit);
            bool high = Bit(member.Id, bit);
            (int from, int to) = high ? (first, middle) : (middle, last);
            (first, last) = high ? (middle, last) : (first, middle);
            Draw(member, network, from, to, random);
        }
    }

    private void Draw(DhtMember member, SimulatedNetwork network, int from, int to, Random random)
    {
        int count = Math.Min(to - from, _bucketSize);
        int step = Math.Max(1, (to - from) / Math.Max(1, count));
        int offset = to - from > count ? random.Next(to - from) : 0;

        for (int i = 0; i < count; i++)
        {
            // Spread over the region, from a place drawn at random.
            Contact contact = _sorted[from + ((offset + (i * step)) % (to - from))].Contact;
            _ = member.Dht.Table.OnAnswer(contact, TimeSpan.Zero, network.RoundTrip(member.Id, contact.Id));
        }
    }

    private int Split(int first, int last, int bit)
    {
        while (first < last)
        {
            int middle = (first + last) / 2;
            (first, last) = Bit(_sorted[middle].Id, bit) ? (first, middle) : (middle + 1, last);
        }

        return first;
    }

    private static bool Bit(NodeId id, int bit)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.Write(bytes);
        return (bytes[bit / 8] & (0x80 >> (bit % 8))) != 0;
    }
}
