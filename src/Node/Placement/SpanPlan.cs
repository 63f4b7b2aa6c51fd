using Swarm.Inference.Model;

namespace Swarm.Node.Placement;

/// <summary>What a node will hold.</summary>
/// <param name="Blocks">The span.</param>
/// <param name="WeightBytes">Memory for its weights.</param>
/// <param name="KvBytes">Memory for the caches of all sessions together.</param>
/// <param name="KvBytesPerPosition">What one position takes in the span.</param>
/// <param name="PerBlockMs">Measured: one token through one block.</param>
internal sealed record SpanPlan(
    BlockRange Blocks, long WeightBytes, long KvBytes, long KvBytesPerPosition, double PerBlockMs);
