using Swarm.Node.Routing;

namespace Swarm.Node.Generation;

/// <summary>Who asked: hears of every token and of what happens to the route. One call at a time.</summary>
public interface IGenerationListener
{
    /// <summary>A token was committed; it will never change. False ends the generation after it.</summary>
    bool OnToken(int id);

    /// <summary>The first route is open.</summary>
    void OnRoute(Route route);

    /// <summary>A stage is given up; the route is being repaired.</summary>
    void OnStageLost(Stage stage, string why);

    /// <summary>A new route carries the generation on.</summary>
    /// <param name="route">The new route.</param>
    /// <param name="pause">From the last sign of life of the old route to the first of the new one.</param>
    void OnRepaired(Route route, TimeSpan pause);
}
