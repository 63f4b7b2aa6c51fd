namespace Swarm.Dht;

/// <summary>What a node's DHT knows and holds, for people and for metrics.</summary>
/// <param name="IsReady">Whether it has found its place in the swarm.</param>
/// <param name="Contacts">Nodes in its routing table.</param>
/// <param name="KeysHeld">Keys it holds records under for the swarm.</param>
/// <param name="RecordsHeld">Records it holds for the swarm.</param>
/// <param name="Publications">Records of its own that it renews.</param>
/// <param name="Queries">Queries sent since the start.</param>
/// <param name="QueriesFailed">Of these, how many were not answered.</param>
public sealed record DhtStatus(
    bool IsReady,
    int Contacts,
    int KeysHeld,
    int RecordsHeld,
    int Publications,
    long Queries,
    long QueriesFailed);
