using Swarm.Dht;
using Swarm.Protocol.Identity;

namespace Swarm.Testing.Kademlia;

/// <summary>What many lookups from random nodes for random points came to, against the truth.</summary>
/// <param name="Recall">The share of the true nearest that were found.</param>
/// <param name="Hops">On average.</param>
/// <param name="Queries">On average.</param>
public sealed record DhtSurvey(double Recall, double Hops, double Queries)
{
    public static async Task<DhtSurvey> RunAsync(DhtSwarm swarm, int lookups)
    {
        int found = 0;
        int wanted = 0;
        int hops = 0;
        int queries = 0;

        for (int i = 0; i < lookups; i++)
        {
            DhtMember asker = swarm.Pick();
            NodeId target = swarm.PickPoint();
            DhtNode.LookupOutcome outcome = await asker.Dht.LookUpAsync(
                target, reading: null, CancellationToken.None);
            NodeId[] truth = swarm.Nearest(target, swarm.Options.Lookup.Width, without: asker.Id);

            found += truth.Intersect(outcome.Closest.Select(contact => contact.Id)).Count();
            wanted += truth.Length;
            hops += outcome.Hops;
            queries += outcome.Queries;
        }

        return new DhtSurvey((double)found / wanted, (double)hops / lookups, (double)queries / lookups);
    }
}
