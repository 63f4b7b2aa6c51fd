namespace Swarm.Dht;

// What waits in this node, for the invariants that simulations check.
public sealed partial class DhtNode
{
    /// <summary>Everything that can grow by what peers do, how long it is, and how long it may become.</summary>
    internal IReadOnlyList<(string Name, int Length, int Most)> Queues
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    ("peers to check", _checks.Reader.Count, DhtLimits.UncheckedMax),
                    ("names of peers to check", _awaitingCheck.Count, DhtLimits.UncheckedMax),
                    ("lost nodes", _remembered.Count, DhtLimits.RememberedMax),
                    ("keys", _store.Keys.Count, DhtLimits.KeysMax),
                ];
            }
        }
    }
}
