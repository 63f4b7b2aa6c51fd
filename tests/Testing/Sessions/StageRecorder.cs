using Swarm.Inference.Model;
using Swarm.Node.Serving;

namespace Swarm.Testing.Sessions;

/// <summary>Counts what a node computed, and lets a test act at a phase of a step.</summary>
public sealed class StageRecorder : IStageObserver
{
    private readonly Dictionary<(int Block, int Position), int> _computed = [];
    private readonly Lock _lock = new();

    /// <summary>Called at every phase of every step; what it throws ends the stage's run.</summary>
    public Func<BlockRange, int, int, StagePhase, ValueTask> OnStep { get; set; }
        = (_, _, _, _) => ValueTask.CompletedTask;

    public int Opened { get; private set; }

    public List<string> Released { get; } = [];

    /// <summary>How often a block computed a position, at most.</summary>
    public int MostOften
    {
        get
        {
            lock (_lock)
            {
                return _computed.Values.DefaultIfEmpty().Max();
            }
        }
    }

    public int Computed(int block, int position)
    {
        lock (_lock)
        {
            return _computed.GetValueOrDefault((block, position));
        }
    }

    public void OnOpened(string session, BlockRange blocks, uint epoch, int position) => Opened++;

    public ValueTask OnStepAsync(string session, BlockRange blocks, int position, int count, StagePhase phase)
    {
        if (phase == StagePhase.Computed)
        {
            lock (_lock)
            {
                for (int block = blocks.First; block < blocks.Last; block++)
                {
                    for (int i = position; i < position + count; i++)
                    {
                        _computed[(block, i)] = _computed.GetValueOrDefault((block, i)) + 1;
                    }
                }
            }
        }

        return OnStep(blocks, position, count, phase);
    }

    public void OnReleased(string session, string why)
    {
        lock (_lock)
        {
            Released.Add(why);
        }
    }
}
