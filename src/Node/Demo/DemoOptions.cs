namespace Swarm.Node.Demo;

/// <summary>How the demo runs.</summary>
/// <param name="Model">The model as the processes are told.</param>
/// <param name="ModelFile">Its file.</param>
/// <param name="ModelName">What people call it.</param>
/// <param name="Prompt">What the story continues.</param>
/// <param name="TokensMax">The longest story.</param>
/// <param name="Seed">Decides the story, and who is killed when.</param>
internal sealed record DemoOptions(
    string Model, string ModelFile, string ModelName, string Prompt, int TokensMax, int Seed)
{
    /// <summary>Two for each half of the model.</summary>
    public IReadOnlyList<string> Names { get; } = ["oak", "elm", "ash", "fir"];

    /// <summary>Every block has so many holders.</summary>
    public const int Holders = 2;

    /// <summary>The kill falls between these tokens: text is streaming, and much of it is still to come.</summary>
    public const int KillAfterMin = 12;

    /// <summary>See <see cref="KillAfterMin"/>.</summary>
    public const int KillAfterMax = 40;

    /// <summary>A demo that takes longer has failed; it should take less than half of that.</summary>
    public static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);
}
