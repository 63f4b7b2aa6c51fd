using Swarm.Protocol.Identity;

namespace Swarm.Testing.Kademlia;

/// <summary>What must become true once nothing goes wrong any more.</summary>
/// <param name="Neighbours">Of the nodes nearest to each node, the share that is in its table.</param>
/// <param name="Stale">Of all contacts in all tables, the share that is dead.</param>
public sealed record DhtLiveness(double Neighbours, double Stale)
{
    /// <summary>Looks at the tables of all.</summary>
    public static DhtLiveness Of(DhtSwarm swarm)
    {
        (long known, long wanted) = (0, 0);

        foreach (DhtMember member in swarm.Members)
        {
            HashSet<NodeId> contacts = [.. member.Contacts];
            NodeId[] nearest = swarm.Nearest(member.Id, swarm.Options.Lookup.Width, without: member.Id);
            known += nearest.Count(contacts.Contains);
            wanted += nearest.Length;
        }

        return new DhtLiveness(wanted == 0 ? 1 : (double)known / wanted, swarm.StaleShare());
    }

    /// <summary>Of the nodes nearest to each node, the share that it finds when it looks up itself.</summary>
    public static async Task<double> FoundAsync(DhtSwarm swarm)
    {
        (long known, long wanted) = (0, 0);

        foreach (DhtMember member in swarm.Members.ToArray())
        {
            HashSet<NodeId> found = [.. (await member.Dht.FindNodesAsync(member.Id, CancellationToken.None))
                .Select(contact => contact.Id)];
            NodeId[] nearest = swarm.Nearest(member.Id, swarm.Options.Lookup.Width, without: member.Id);
            known += nearest.Count(found.Contains);
            wanted += nearest.Length;
        }

        return wanted == 0 ? 1 : (double)known / wanted;
    }
}
