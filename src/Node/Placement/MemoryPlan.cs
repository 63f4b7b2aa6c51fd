using Swarm.Inference.Forward;
using Swarm.Inference.Model;

namespace Swarm.Node.Placement;

/// <summary>How a node's memory is shared between the weights of a span and the caches of its sessions.</summary>
/// <param name="BudgetBytes">For both together.</param>
/// <param name="WeightBytes">What a span's tensors take, embedding and head included where they belong.</param>
/// <param name="KvBytesPerPosition">What one position of one session takes in a span.</param>
/// <param name="PositionsMin">The least room for caches that makes holding a span worth while.</param>
internal sealed record MemoryPlan(
    long BudgetBytes,
    Func<BlockRange, long> WeightBytes,
    Func<BlockRange, long> KvBytesPerPosition,
    int PositionsMin)
{
    /// <summary>Two thousand positions are one long conversation; less than one session would serve nobody.</summary>
    public const int PositionsWanted = 2048;

    /// <summary>The plan for a model, with room for at least one session of a usual length.</summary>
    public static MemoryPlan For(ModelFile model, long budgetBytes) => new(
        budgetBytes,
        model.SpanBytes,
        span => ModelSpan.KvBytesPerPosition(model.Config, span, KvCacheType.F16),
        Math.Min(model.Config.ContextLength, PositionsWanted));

    /// <summary>What a span needs at least.</summary>
    public long BytesMin(BlockRange span) => WeightBytes(span) + (PositionsMin * KvBytesPerPosition(span));

    /// <summary>Whether a span and one session fit.</summary>
    public bool Fits(BlockRange span) => BytesMin(span) <= BudgetBytes;

    /// <summary>What is left for caches beside a span's weights.</summary>
    public long KvBytes(BlockRange span) => BudgetBytes - WeightBytes(span);
}
