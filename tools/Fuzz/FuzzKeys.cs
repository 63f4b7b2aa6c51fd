using Swarm.Protocol.Identity;

namespace Swarm.Fuzz;

/// <summary>A node's key and a swarm's, as good as any other.</summary>
internal static class FuzzKeys
{
    public static NodeKey Node { get; } = NodeKey.Create();

    public static SwarmKey Swarm { get; } = SwarmKey.Create();
}
