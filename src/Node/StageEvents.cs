using Microsoft.Extensions.Logging;
using Swarm.Inference.Model;
using Swarm.Node.Serving;

namespace Swarm.Node;

/// <summary>Turns what happens in this node's stages into event lines.</summary>
internal sealed class StageEvents(ILogger log) : IStageObserver
{
    // Enough of a session's name to tell it from the others of a node.
    private const int BriefLength = 8;

    public void OnOpened(string session, BlockRange blocks, uint epoch, int position)
    {
        // The first route has the first epoch; every repair raises it.
        if (epoch <= 1)
        {
            NodeLog.SessionOpened(log, Brief(session), blocks.ToString());
        }
        else
        {
            NodeLog.RouteRepaired(log, Brief(session), blocks.ToString(), epoch, position);
        }
    }

    public ValueTask OnStepAsync(string session, BlockRange blocks, int position, int count, StagePhase phase)
        => ValueTask.CompletedTask;

    public void OnReleased(string session, string why) => NodeLog.SessionEnded(log, Brief(session), why);

    private static string Brief(string session) => session[..Math.Min(BriefLength, session.Length)];
}
