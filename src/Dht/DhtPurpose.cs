namespace Swarm.Dht;

/// <summary>What a request to another node is for.</summary>
public enum DhtPurpose
{
    /// <summary>Somebody looks for nodes or records.</summary>
    Search,

    /// <summary>This node finds its place in the swarm.</summary>
    Join,

    /// <summary>The routing table is kept true.</summary>
    Table,

    /// <summary>This node's own records are given to their holders.</summary>
    Publish,

    /// <summary>Records of others are handed to a newcomer.</summary>
    HandOver,
}
