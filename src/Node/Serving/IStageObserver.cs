using Swarm.Inference.Model;

namespace Swarm.Node.Serving;

/// <summary>Hears what the stages of this node do: for the event lines of `swarm join` and for measurements.</summary>
public interface IStageObserver
{
    /// <summary>A session was opened, or opened again after a repair.</summary>
    void OnOpened(string session, BlockRange blocks, uint epoch, int position);

    /// <summary>A step reached a phase. The stage goes on when the task completes.</summary>
    ValueTask OnStepAsync(string session, BlockRange blocks, int position, int count, StagePhase phase);

    /// <summary>A session's memory was given back.</summary>
    void OnReleased(string session, string why);
}
