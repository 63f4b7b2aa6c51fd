using Swarm.Inference.Model;

namespace Swarm.Node.Placement;

/// <summary>Blocks that some node holds or is loading, and how fast it is.</summary>
/// <param name="Blocks">The span.</param>
/// <param name="PerBlockMs">Measured: one token through one block.</param>
public readonly record struct OfferedSpan(BlockRange Blocks, double PerBlockMs);
