namespace Swarm.Fable.Corpus;

/// <summary>A story and what it cost the grammar to say it: the negative logarithm of its probability, in nats.</summary>
public readonly record struct Story(string Text, double Nats)
{
    /// <summary>Where the text recalls something said before: start and end of each place.</summary>
    public IReadOnlyList<(int Start, int End)> Recalled { get; init; } = [];
}
