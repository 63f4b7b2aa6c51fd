using System.CommandLine;

namespace Swarm.Node.CommandLine;

/// <summary>A sub-command and the lines its help shows as examples.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    /// <summary>Whole command lines a person can copy.</summary>
    public required IReadOnlyList<string> Examples { get; init; }
}
