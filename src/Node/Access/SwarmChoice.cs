using Swarm.Protocol.Transport;

namespace Swarm.Node.Access;

/// <summary>Which swarm a person means, and the ways into it.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Keys">Where its keys are.</param>
/// <param name="Bootstrap">Nodes to start from, by hand or from a join code.</param>
internal sealed record SwarmChoice(string Name, KeySource Keys, IReadOnlyList<PeerAddress> Bootstrap)
{
    /// <summary>Whether to look for its nodes on the local network.</summary>
    public bool Lan { get; init; }

    /// <summary>The folder of the swarm's node on this device.</summary>
    public string Folder => Keys.Folder;

    /// <summary>Where to start from: what was given, or the node that runs here; empty when there is neither.</summary>
    public IReadOnlyList<PeerAddress> Doors
        => Bootstrap.Count > 0
            ? Bootstrap
            : LocalNode.Find(Folder) is { } node && PeerAddress.TryParse(node.Address, out PeerAddress? address)
                ? [address]
                : [];
}
