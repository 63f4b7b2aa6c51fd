namespace Swarm.Inference.Chat.Jinja;

/// <summary>The names a block has set, within those of its surroundings.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, Value> _names = new(StringComparer.Ordinal);

    /// <summary>Sets a name here; the surroundings keep theirs.</summary>
    public void Set(string name, Value value) => _names[name] = value;

    /// <summary>The value of a name here or around; null when there is none.</summary>
    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._names.TryGetValue(name, out Value? value))
            {
                return value;
            }
        }

        return null;
    }

    private Scope? Outer => outer;
}
