using Microsoft.Extensions.Logging;

namespace Swarm.Node;

/// <summary>The events of a node's life that matter to a person or a machine that watches it.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(1, LogLevel.Information, "listening on {Address} as {Name} ({Node})")]
    public static partial void Listening(ILogger log, string address, string name, string node);

    [LoggerMessage(2, LogLevel.Information, "joined swarm '{Swarm}': {Peers} node(s) known")]
    public static partial void SwarmJoined(ILogger log, string swarm, int peers);

    [LoggerMessage(3, LogLevel.Information, "peer joined: {Name} ({Peer})")]
    public static partial void PeerJoined(ILogger log, string name, string peer);

    [LoggerMessage(4, LogLevel.Information, "peer gone: {Name} ({Peer})")]
    public static partial void PeerGone(ILogger log, string name, string peer);

    [LoggerMessage(5, LogLevel.Information, "taking blocks {Blocks} of {Model} ({Weights}, cache {Cache})")]
    public static partial void BlocksChosen(ILogger log, string blocks, string model, string weights, string cache);

    [LoggerMessage(6, LogLevel.Information, "loading: {Percent} %")]
    public static partial void Loading(ILogger log, int percent);

    [LoggerMessage(7, LogLevel.Information, "serving blocks {Blocks} of {Model}: {PerBlockMs:0.###} ms a block, room "
        + "for {KvTokens} tokens")]
    public static partial void Serving(ILogger log, string blocks, string model, double perBlockMs, long kvTokens);

    [LoggerMessage(8, LogLevel.Information, "session {Session} opened: blocks {Blocks}")]
    public static partial void SessionOpened(ILogger log, string session, string blocks);

    [LoggerMessage(9, LogLevel.Information, "session {Session} ended: {Why}")]
    public static partial void SessionEnded(ILogger log, string session, string why);

    [LoggerMessage(10, LogLevel.Information,
        "route repaired: session {Session}, blocks {Blocks}, epoch {Epoch}, {Positions} position(s) kept here")]
    public static partial void RouteRepaired(ILogger log, string session, string blocks, uint epoch, int positions);

    [LoggerMessage(11, LogLevel.Information, "leaving: {Sessions} session(s) to finish")]
    public static partial void Leaving(ILogger log, int sessions);

    [LoggerMessage(12, LogLevel.Information, "left the swarm")]
    public static partial void Left(ILogger log);

    [LoggerMessage(13, LogLevel.Warning, "could not announce to the swarm, will try again: {Reason}")]
    public static partial void AnnounceFailed(ILogger log, string reason);

    [LoggerMessage(14, LogLevel.Information, "reading the model: {Percent} %")]
    public static partial void Hashing(ILogger log, int percent);

    [LoggerMessage(15, LogLevel.Information, "nobody holds blocks {Blocks} of {Model} yet: start another node, or give "
        + "one more memory")]
    public static partial void BlocksMissing(ILogger log, string blocks, string model);

    [LoggerMessage(16, LogLevel.Information, "port mapped: {Address} leads here, by {Protocol}")]
    public static partial void PortMapped(ILogger log, string address, string protocol);

    [LoggerMessage(17, LogLevel.Information, "no port mapped: {Reason}")]
    public static partial void PortNotMapped(ILogger log, string reason);

    [LoggerMessage(24, LogLevel.Information, "this device's addresses have changed: listening on {Address}")]
    public static partial void AddressesChanged(ILogger log, string address);

    [LoggerMessage(30, LogLevel.Information, "a new private swarm: its key is in {File}")]
    public static partial void KeyMade(ILogger log, string file);

    [LoggerMessage(31, LogLevel.Information, "this swarm is private: 'swarm invite' prints what others join with")]
    public static partial void SwarmPrivate(ILogger log);

    [LoggerMessage(32, LogLevel.Warning, "this swarm is public: whoever reaches this node may join and read along")]
    public static partial void SwarmPublic(ILogger log);

    [LoggerMessage(33, LogLevel.Information, "keys changed: {Key} is in use, {Keys} accepted")]
    public static partial void KeysChanged(ILogger log, string key, int keys);

    [LoggerMessage(35, LogLevel.Warning, "this node was in another swarm of that name, whose key is kept in "
        + "{File}")]
    public static partial void KeySetAside(ILogger log, string file);

    [LoggerMessage(36, LogLevel.Information, "{Count} node(s) of the last run are asked, too")]
    public static partial void NodesRemembered(ILogger log, int count);

    [LoggerMessage(37, LogLevel.Warning, "entered through others than were named, for there is no way in: {Reason}")]
    public static partial void DoorsClosed(ILogger log, string reason);

    [LoggerMessage(34, LogLevel.Warning, "the changed keys are not taken, the old ones stay: {Reason}")]
    public static partial void KeysUnreadable(ILogger log, string reason);

    [LoggerMessage(18, LogLevel.Information, "reachable: {Confirmed} of {Asked} peer(s) asked to dial "
        + "this node came through")]
    public static partial void Reachable(ILogger log, int confirmed, int asked);

    [LoggerMessage(19, LogLevel.Information, "not reachable: {Failed} of {Asked} peer(s) asked to dial {SeenAt} did "
        + "not come through; forward the port at the router, or switch on UPnP or NAT-PMP there (and in a public swarm "
        + "give --map-port)")]
    public static partial void Unreachable(ILogger log, string seenAt, int failed, int asked);

    [LoggerMessage(25, LogLevel.Information, "others reach this node at {Address}, too: the router leads it here")]
    public static partial void PortForwarded(ILogger log, string address);

    [LoggerMessage(20, LogLevel.Information, "others reach this node through a relay at {Address} ({Relay})")]
    public static partial void RelayHeld(ILogger log, string address, string relay);

    [LoggerMessage(21, LogLevel.Warning, "no relay is left: only nodes on the same network reach this one")]
    public static partial void NoRelay(ILogger log);

    [LoggerMessage(22, LogLevel.Information, "met {Peer} without a relay: {How}")]
    public static partial void PeerMet(ILogger log, string peer, string how);

    [LoggerMessage(23, LogLevel.Information, "no way to {Peer} but through its relay: what passes stays encrypted")]
    public static partial void StaysRelayed(ILogger log, string peer);
}
