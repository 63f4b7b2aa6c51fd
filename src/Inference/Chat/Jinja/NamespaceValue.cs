namespace Swarm.Inference.Chat.Jinja;

/// <summary>What <c>namespace()</c> makes: attributes that a block may set and its surroundings see.</summary>
internal sealed class NamespaceValue : Value
{
    public Dictionary<string, Value> Attributes { get; } = new(StringComparer.Ordinal);

    public override string TypeName => "Namespace";
}
