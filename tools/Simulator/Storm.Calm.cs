using Swarm.Dht.Records;
using Swarm.Node.Routing;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

// The calm after the storm: what must become true when nothing goes wrong any more, and by when.
public sealed partial class Storm
{
    private const double NeighboursSeconds = 240;
    private const double StaleSeconds = 360;
    private const double NeighboursMin = 0.99;
    private const double StaleMax = 0.01;

    // Of a narrow swarm: whom small buckets have no room for, none of its neighbours may name.
    private const double NarrowMin = 0.95;

    private async Task CalmDownAsync()
    {
        bool hadJumped = _jumped.Keys.Any(node => _swarm.Members.Any(member => member.Id == node));
        Mend();
        _swarm.Network.Options = new SimulatedNetworkOptions { HandsOver = true };
        await _swarm.WaitAsync(NeighboursSeconds);
        double known = DhtLiveness.Of(_swarm).Neighbours;
        double found = await DhtLiveness.FoundAsync(_swarm);
        Note($"neighbours {known} {found}");

        // Of a shared network only some may enter a table, and into a small bucket not all of half a swarm.
        bool isRoomy = _weather.Network.HostsPerNetwork == 0;
        bool isWide = _swarm.Options.BucketSize >= _swarm.Members.Count;
        Demand(
            known >= NeighboursMin || !isRoomy || !isWide, $"in the calm {known:P1} of the nearest are in the tables");
        double findable = isWide ? NeighboursMin : NarrowMin;
        Demand(found >= findable || !isRoomy, $"in the calm {found:P1} of the nearest are found");
        await _swarm.WaitAsync(StaleSeconds - NeighboursSeconds);
        double stale = DhtLiveness.Of(_swarm).Stale;
        Demand(stale < StaleMax, $"in the calm {stale:P1} of the contacts are dead");
        Meet("halves merged", _halved);
        Meet("frozen node came back", _frozen.Any(node => _swarm.Members.Any(one => one.Contacts.Contains(node))));

        if (hadJumped)
        {
            _ = _met.Add("clock set right");
        }
    }

    // Every word of the living is known to all whose clocks agree, and none of those that are silent.
    private async Task CheckCalmAsync()
    {
        DhtMember[] readers = [.. _swarm.Members.Where(IsSound)];

        foreach (Word word in _words)
        {
            DhtMember reader = readers[_loop.Random.Next(readers.Length)];
            IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(reader, word.Key);
            bool isThere = found.Any(record => record.Signer == word.Publisher.Id
                && !record.Value.Span.SequenceEqual(Tombstone));
            bool isSaid = word.Publisher.IsAlive && !word.IsWithdrawn;
            Note($"calm {word.Key} {isThere}");
            Demand(!isThere || isSaid, $"{reader.Id} reads what {word.Publisher.Id} does not say any more");

            if (isSaid && IsSound(word.Publisher))
            {
                Demand(isThere, $"{reader.Id} cannot read what {word.Publisher.Id} says");
                Meet("record renewed past its lease", _loop.Clock.GetElapsedTime(word.Said) > 3 * Lease);
                Meet("record read across clocks", (Ahead(reader) - Ahead(word.Publisher)).Duration().TotalSeconds > 5);
                Meet("clock set right and read again", _met.Contains("clock set right"));
            }
        }

        _ = _met.Remove("clock set right");
        await CheckRoutesAsync(readers);
    }

    private async Task CheckRoutesAsync(DhtMember[] readers)
    {
        bool isCovered = _holdings.Covers(_holdings.Sure(_loop.Clock.GetTimestamp()));
        DhtMember reader = readers[_loop.Random.Next(readers.Length)];
        SwarmView view = await _holdings.DirectoryOf(reader).ReadAsync(CancellationToken.None);
        Route? route = _holdings.Plan(view);
        Note($"calm route {route}");
        string? fault = route is null ? null : _holdings.Fault(route);
        Demand(fault is null, $"{reader.Id} planned a route that leads nowhere: {fault}");
        Demand(route is not null || !isCovered, $"{reader.Id} finds no route though every block is held");
        Demand(
            route?.Stages.All(stage => _holdings.EndedAt(stage.Node) is null) != false,
            $"{reader.Id} plans {route} through the dead");
    }
}
