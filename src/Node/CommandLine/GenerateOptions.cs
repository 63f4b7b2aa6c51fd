using Swarm.Node.Access;
using Swarm.Protocol.Messages;

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

    public required SwarmChoice Swarm { get; init; }

    /// <summary>Events as JSON lines instead of bare text.</summary>
    public bool Json { get; init; }
}
