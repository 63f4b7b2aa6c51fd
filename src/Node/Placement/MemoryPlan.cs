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
    public static MemoryPlan For(ModelFile model, long budgetBytes)
    {
        int positions = Math.Min(model.Config.ContextLength, PositionsWanted);
        return new(budgetBytes, model.SpanBytes, span => PerPosition(model.Config, span, positions), positions);
    }

    /// <summary>What a span needs at least.</summary>
    public long BytesMin(BlockRange span) => WeightBytes(span) + (PositionsMin * KvBytesPerPosition(span));

    /// <summary>Whether a span and one session fit.</summary>
    public bool Fits(BlockRange span) => BytesMin(span) <= BudgetBytes;

    // What a session takes however short it is, as recurrent blocks do, counts as spread over a usual one.
    private static long PerPosition(ModelConfig config, BlockRange span, int positions)
        => ModelSpan.KvBytesPerPosition(config, span, KvCacheType.F16)
            + ((ModelSpan.StateBytes(config, span) + positions - 1) / positions);

    /// <summary>What is left for caches beside a span's weights.</summary>
    public long KvBytes(BlockRange span) => BudgetBytes - WeightBytes(span);
}
