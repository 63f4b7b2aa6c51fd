using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary>What <c>swarm generate</c> was asked.</summary>
internal sealed record GenerateOptions
{
    public required string Model { get; init; }

    public required string Prompt { get; init; }

    public required int TokensMax { get; init; }

    public required Sampling Sampling { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public KvType Kv { get; init; } = KvType.F16;

    /// <summary>Compute in this process and use no network.</summary>
    public bool Local { get; init; }

    public required int Threads { get; init; }

    public IReadOnlyList<PeerAddress> Bootstrap { get; init; } = [];

    /// <summary>Whether to look for nodes on the local network.</summary>
    public bool Lan { get; init; }

    public required string Swarm { get; init; }

    public required string Folder { get; init; }

    /// <summary>Events as JSON lines instead of bare text.</summary>
    public bool Json { get; init; }
}
