using Swarm.Protocol.Identity;

namespace Swarm.Node.Routing;

/// <summary>Stages that together cover every block exactly once, in order.</summary>
/// <param name="Stages">From block 0 to the head.</param>
public sealed record Route(IReadOnlyList<Stage> Stages)
{
    /// <summary>The place of <paramref name="node"/> on the route, or -1.</summary>
    public int IndexOf(NodeId node)
    {
        for (int i = 0; i < Stages.Count; i++)
        {
            if (Stages[i].Node == node)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>For people: every stage with its blocks, in order.</summary>
    public override string ToString() => string.Join(" · ", Stages);
}
