using Swarm.Node.Generation;
using Swarm.Node.Routing;

namespace Swarm.Testing.Sessions;

/// <summary>Writes down what a generation tells whoever asked for it.</summary>
public sealed class ListenerRecorder : IGenerationListener
{
    public List<int> Tokens { get; } = [];

    public List<Route> Routes { get; } = [];

    public List<string> Lost { get; } = [];

    public List<TimeSpan> Pauses { get; } = [];

    /// <summary>Called with the number of tokens so far; false ends the generation.</summary>
    public Func<int, bool> Wants { get; set; } = _ => true;

    public bool OnToken(int id)
    {
        Tokens.Add(id);
        return Wants(Tokens.Count);
    }

    public void OnRoute(Route route) => Routes.Add(route);

    public void OnStageLost(Stage stage, string why) => Lost.Add($"{stage}: {why}");

    public void OnRepaired(Route route, TimeSpan pause)
    {
        Routes.Add(route);
        Pauses.Add(pause);
    }
}
