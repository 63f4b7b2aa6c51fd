using Swarm.Fable.Corpus;
using Swarm.Fable.Training;
using Swarm.Inference.Model;

namespace Swarm.Fable;

/// <summary>Measures a model file with the trainer's own float forward pass, and judges the stories it tells.</summary>
internal static unsafe class Evaluation
{
    private const double Temperature = 0.8;
    private const ulong TellingSeed = 20;

    /// <summary>Prints what the model card says.</summary>
    public static void Run(string path, int count)
    {
        var grammar = Grammar.BuiltIn();
        Vocabulary vocabulary = Recipe.LearnVocabulary(grammar);
        NetworkShape shape = NetworkShape.Fable;
        using var file = ModelFile.Open(path);
        float* parameters = ModelExport.Read(file, shape);
        var pass = new Pass(shape, shape.Context);

        IReadOnlyList<Story> heldOut = Recipe.HeldOut(grammar, count);
        int[][] ids = [.. heldOut.Select(story => vocabulary.EncodeWhole(story.Text))];
        double model = ids.Sum(story => pass.Run(parameters, [story]));
        double entropy = heldOut.Sum(story => story.Nats);
        int tokens = ids.Sum(story => story.Length - 1);
        Commands.Print($"held-out stories     {count}, {tokens} tokens");
        Commands.Print($"grammar's entropy    {entropy / tokens:F5} nats per token, {entropy / count:F2} per story");
        Commands.Print($"model's cross-entropy {model / tokens:F5} nats per token, {model / count:F2} per story");
        Commands.Print($"ratio                {model / entropy:F4}");

        var reader = new Storyreader(grammar);
        var dice = new Dice(TellingSeed);
        string[] told = [.. Enumerable.Range(0, count).Select(_ => Tell(pass, parameters, vocabulary, dice))];
        int derivable = told.Count(text => reader.Nats(text) is not null);
        Commands.Print($"stories told at temperature {Temperature} that the grammar could have told: {derivable} of {count}");
        Commands.Print($"\n{told[0]}");
        if (told.FirstOrDefault(text => reader.Nats(text) is null) is string flawed)
        {
            Commands.Print($"\nOne that it could not have told:\n{flawed}");
        }
    }

    private static string Tell(Pass pass, float* parameters, Vocabulary vocabulary, Dice dice)
    {
        List<int> ids = [vocabulary.EndOfText];
        while (ids.Count < NetworkShape.Fable.Context)
        {
            int next = Draw(pass.Next(parameters, [.. ids]), dice);
            if (next == vocabulary.EndOfText)
            {
                break;
            }

            ids.Add(next);
        }

        return System.Text.Encoding.UTF8.GetString([.. ids.Skip(1).SelectMany(vocabulary.Bytes)]);
    }

    private static int Draw(ReadOnlySpan<float> logits, Dice dice)
    {
        const int Steps = 1 << 30;
        double[] weights = new double[logits.Length];
        float max = float.NegativeInfinity;
        foreach (float logit in logits)
        {
            max = MathF.Max(max, logit);
        }

        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Exp((logits[i] - max) / Temperature);
        }

        double ticket = weights.Sum() * dice.Next(Steps) / Steps;
        int chosen = 0;
        while (chosen < weights.Length - 1 && ticket >= weights[chosen])
        {
            ticket -= weights[chosen++];
        }

        return chosen;
    }
}
