using System.Net;
using Swarm.Inference.Model;
using Swarm.Node.Access;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>What one node does: its part of a swarm, its part of a model, its memory.</summary>
internal sealed record NodeOptions
{
    /// <summary>The GGUF file.</summary>
    public required string ModelFile { get; init; }

    /// <summary>What people call the model.</summary>
    public required string ModelName { get; init; }

    /// <summary>The blocks to hold; null takes what the swarm lacks most.</summary>
    public BlockRange? Blocks { get; init; }

    /// <summary>For weights and caches together.</summary>
    public required long MemoryBytes { get; init => field = Positive(value); }

    /// <summary>Where to listen; port 0 is any free one. Loopback unless a person says otherwise.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Whether to ask the gateway for a port that leads here; needs an address beyond loopback.</summary>
    public bool MapsPort { get; init; }

    /// <summary>Nodes of the swarm to start from; none starts a new swarm.</summary>
    public IReadOnlyList<PeerAddress> Bootstrap { get; init; } = [];

    /// <summary>Whether to be found, and to look for others, on the local network.</summary>
    public bool Lan { get; init; } = true;

    /// <summary>The swarm.</summary>
    public required string Swarm { get; init; }

    /// <summary>Where its keys are.</summary>
    public required KeySource Keys { get; init; }

    /// <summary>The node's own name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Where the key lies.</summary>
    public required string Folder { get; init; }

    /// <summary>Threads that compute.</summary>
    public required int Threads { get; init => field = (int)Positive(value); }

    /// <summary>How long an announcement lives: a node that dies unheard is gone from every view after this.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A third of <see cref="Lease"/>, so that two renewals may be lost.</summary>
    public TimeSpan RenewInterval => Lease / 3;

    /// <summary>How long running sessions may take to finish when the node leaves.</summary>
    public TimeSpan DrainMax { get; init; } = TimeSpan.FromSeconds(60);

    private static long Positive(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        return value;
    }
}
