using Swarm.Fable.Corpus;
using Swarm.Fable.Training;

namespace Swarm.Fable;

/// <summary>What the shipped model is made from. Whoever runs it again gets the same corpus and the same vocabulary.</summary>
public static class Recipe
{
    public const int VocabularySize = 1280;
    public const int Steps = 1800;
    public const float RatePeak = 0.002f;

    /// <summary>How many held-out stories the model card measures by.</summary>
    public const int HeldOutStories = 40;

    /// <summary>How many stories of the model the grammar judges, those of the first seeds.</summary>
    public const int ToldStories = 20;

    private const ulong VocabularySeed = 1;
    private const int VocabularyStories = 4000;
    private const ulong HeldOutSeed = 999_999_999;

    /// <summary>Where weights and training stories start from.</summary>
    public const ulong TrainingSeed = 7;

    /// <summary>From which step on the network has how many blocks: what is learned early is learned while it is cheap.</summary>
    public static IReadOnlyList<(int Step, int Blocks)> Stages { get; } = [(0, 2), (900, 4), (1350, NetworkShape.Fable.Blocks)];

    /// <summary>The vocabulary, learned from stories of its own seed.</summary>
    public static Vocabulary LearnVocabulary(Grammar grammar)
        => Vocabulary.Learn(Tell(grammar, VocabularySeed, VocabularyStories).Select(story => story.Text), VocabularySize);

    /// <summary>Stories that no training step draws from.</summary>
    public static IReadOnlyList<Story> HeldOut(Grammar grammar, int count) => Tell(grammar, HeldOutSeed, count);

    /// <summary>The first stories of a seed.</summary>
    public static IReadOnlyList<Story> Tell(Grammar grammar, ulong seed, int count)
    {
        var teller = new Storyteller(grammar, seed);
        return [.. Enumerable.Range(0, count).Select(_ => teller.Next())];
    }
}
