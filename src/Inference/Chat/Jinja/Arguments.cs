namespace Swarm.Inference.Chat.Jinja;

/// <summary>The arguments of one call.</summary>
internal sealed record Arguments(IReadOnlyList<Value> Positional, IReadOnlyList<(string Name, Value Value)> Named)
{
    public static Arguments None { get; } = new([], []);

    /// <summary>The same with another one in front.</summary>
    public Arguments Before(Value first) => new([first, .. Positional], Named);

    /// <summary>The same without the first <paramref name="count"/>.</summary>
    public Arguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}
