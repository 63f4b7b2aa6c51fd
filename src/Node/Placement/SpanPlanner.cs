using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Node.Routing;

namespace Swarm.Node.Placement;

/// <summary>Decides what a node will hold: by memory, speed and what the swarm lacks.</summary>
internal sealed class SpanPlanner(NodeOptions options, HeldModel model, ComputePool pool, TimeProvider time)
{
    private readonly MemoryPlan _memory = MemoryPlan.For(model.File, options.MemoryBytes);

    private ModelConfig Config => model.File.Config;

    /// <summary>The plan of a node that knows nobody yet.</summary>
    /// <exception cref="CommandException">The blocks do not exist, or do not fit the memory.</exception>
    public SpanPlan Plan()
    {
        if (options.Blocks is { } chosen)
        {
            Check(chosen);
            return Complete(chosen, perBlockMs: 0);
        }

        // Nothing to measure for a node that has no room.
        return Choose(SwarmView.Empty, FirstThatFits() is { } trial ? Measure(trial) : 1);
    }

    /// <summary>The plan beside what others hold.</summary>
    /// <exception cref="CommandException">Not one block fits the memory.</exception>
    public SpanPlan Choose(SwarmView view, double perBlockMs)
        => SpanSurvey.Choose(view, Config, perBlockMs, _memory) is { } best
            ? Complete(best, perBlockMs)
            : throw CommandException.Usage(
                $"not one block of {options.ModelName} fits into --memory {ByteSize.Format(options.MemoryBytes)}: "
                + $"the smallest needs {ByteSize.Format(Singles().Min(_memory.BytesMin))} with room for one session.");

    private void Check(BlockRange chosen)
    {
        if (chosen.Last > Config.BlockCount)
        {
            throw CommandException.Usage(
                $"--blocks {chosen}: {options.ModelName} has blocks 0 to {Config.BlockCount - 1}, so at most "
                    + $"0:{Config.BlockCount}.");
        }

        if (!Config.MayHold(chosen))
        {
            throw CommandException.Usage(
                $"--blocks {chosen}: some blocks of {options.ModelName} read the keys and values of others and stay "
                    + $"with them; it may be cut before blocks {string.Join(", ", Cuts())}.");
        }

        if (!_memory.Fits(chosen))
        {
            throw CommandException.Usage(
                $"blocks {chosen} of {options.ModelName} need {ByteSize.Format(_memory.BytesMin(chosen))} with room "
                + $"for one session, --memory allows {ByteSize.Format(options.MemoryBytes)}: "
                + "take fewer blocks or allow more.");
        }
    }

    private SpanPlan Complete(BlockRange blocks, double perBlockMs) => new(
        blocks,
        _memory.WeightBytes(blocks),
        _memory.KvBytes(blocks),
        _memory.KvBytesPerPosition(blocks),
        perBlockMs);

    private double Measure(BlockRange block)
    {
        using var span = ModelSpan.Load(model.File, block, pool);
        return SpeedTrial.MeasurePerBlockMs(span, time);
    }

    private IEnumerable<int> Cuts() => Enumerable.Range(1, Config.BlockCount - 1).Where(Config.MayCutBefore);

    // The smallest spans: between two places where the model may be cut.
    private IEnumerable<BlockRange> Singles()
    {
        int[] borders = [0, .. Cuts(), Config.BlockCount];
        return borders.Zip(borders.Skip(1), (first, last) => new BlockRange(first, last));
    }

    // A block from the middle, which brings neither embedding nor head, if there is one.
    private BlockRange? FirstThatFits()
        => Singles().OrderBy(_memory.BytesMin).Where(_memory.Fits).Select(block => (BlockRange?)block).FirstOrDefault();
}
