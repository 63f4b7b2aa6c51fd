using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Node.Membership;
using Swarm.Node.Routing;

namespace Swarm.Node.Placement;

/// <summary>Decides what a node will hold, before it joins: by memory, speed and what the swarm lacks.</summary>
internal sealed class SpanPlanner(NodeOptions options, HeldModel model, ComputePool pool, TimeProvider time)
{
    private ModelConfig Config => model.File.Config;

    /// <summary>The plan.</summary>
    /// <exception cref="CommandException">The blocks do not exist, or do not fit the memory.</exception>
    public async Task<SpanPlan> PlanAsync(CancellationToken cancel)
    {
        var plan = MemoryPlan.For(model.File, options.MemoryBytes);

        if (options.Blocks is { } chosen)
        {
            Check(chosen, plan);
            return Complete(chosen, plan, perBlockMs: 0);
        }

        // Nothing to measure for a node that has no room.
        double perBlockMs = FirstThatFits(plan) is { } trial ? Measure(trial) : 1;
        SwarmView view = options.Bootstrap.Count > 0 ? await LookAroundAsync(cancel) : SwarmView.Empty;
        BlockRange best = SpanSurvey.Choose(view, Config.BlockCount, perBlockMs, plan)
            ?? throw CommandException.Usage(
                $"not one block of {options.ModelName} fits into --memory {ByteSize.Format(options.MemoryBytes)}: "
                + $"the smallest needs {ByteSize.Format(Singles().Min(plan.BytesMin))} with room for one session.");

        return Complete(best, plan, perBlockMs);
    }

    private void Check(BlockRange chosen, MemoryPlan plan)
    {
        if (chosen.Last > Config.BlockCount)
        {
            throw CommandException.Usage(
                $"--blocks {chosen}: {options.ModelName} has blocks 0 to {Config.BlockCount - 1}, so at most "
                    + $"0:{Config.BlockCount}.");
        }

        if (!plan.Fits(chosen))
        {
            throw CommandException.Usage(
                $"blocks {chosen} of {options.ModelName} need {ByteSize.Format(plan.BytesMin(chosen))} with room "
                + $"for one session, --memory allows {ByteSize.Format(options.MemoryBytes)}: "
                + "take fewer blocks or allow more.");
        }
    }

    private static SpanPlan Complete(BlockRange blocks, MemoryPlan plan, double perBlockMs)
        => new(blocks, plan.WeightBytes(blocks), plan.KvBytes(blocks), plan.KvBytesPerPosition(blocks), perBlockMs);

    // As a guest: whoever has not decided yet what to hold has nothing to announce.
    private async Task<SwarmView> LookAroundAsync(CancellationToken cancel)
    {
        await using SwarmMember guest = await Doors.EnterAsync(
            options.Swarm, options.Bootstrap, options.Folder, cancel);

        return await new OfferDirectory(guest.Dht, guest.Swarm, model.Hash, Config.BlockCount).ReadAsync(cancel);
    }

    private double Measure(BlockRange block)
    {
        using var span = ModelSpan.Load(model.File, block, pool);
        return SpeedTrial.MeasurePerBlockMs(span, time);
    }

    private IEnumerable<BlockRange> Singles()
        => Enumerable.Range(0, Config.BlockCount).Select(block => new BlockRange(block, block + 1));

    // A block from the middle, which brings neither embedding nor head, if there is one.
    private BlockRange? FirstThatFits(MemoryPlan plan)
        => Singles().OrderBy(plan.BytesMin).Where(plan.Fits).Select(block => (BlockRange?)block).FirstOrDefault();
}
