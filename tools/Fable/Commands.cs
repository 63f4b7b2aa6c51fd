using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Swarm.Fable.Corpus;
using Swarm.Fable.Training;

namespace Swarm.Fable;

/// <summary>What this program can be asked to do.</summary>
internal static class Commands
{
    private const int EvaluatedStories = 32;
    private const int StepsPerLine = 20;
    private const int StepsPerCheckpoint = 100;

    /// <summary>All verbs.</summary>
    public static RootCommand Create()
        => new("Makes the built-in model: writes its corpus, trains it, measures it.") { Corpus(), Train(), Evaluate() };

    private static Command Corpus()
    {
        var count = new Option<int>("--count") { Description = "How many stories.", DefaultValueFactory = _ => 3 };
        var seed = new Option<ulong>("--seed") { Description = "Which stories.", DefaultValueFactory = _ => 1 };
        var command = new Command("corpus", "Writes stories of the grammar, each with its probability's cost in nats.")
        {
            count, seed,
        };
        command.SetAction(parsed =>
        {
            foreach (Story story in Recipe.Tell(Grammar.BuiltIn(), parsed.GetValue(seed), parsed.GetValue(count)))
            {
                Print($"[{story.Nats:F1} nats]\n{story.Text}\n");
            }
        });
        return command;
    }

    private static Command Train()
    {
        var output = new Argument<string>("model") { Description = "The GGUF file to write, at each checkpoint and at the end." };
        var checkpoint = new Option<string>("--checkpoint")
        {
            Description = "Where the run's state is kept; a run that finds it there goes on from it.",
            DefaultValueFactory = _ => "fable.checkpoint",
        };
        var steps = new Option<int>("--steps")
        {
            Description = "How many steps in all.",
            DefaultValueFactory = _ => Recipe.Steps,
        };
        var threads = new Option<int>("--threads")
        {
            Description = "How many threads; the result is the same with any number.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var command = new Command("train", "Trains the model and writes it.") { output, checkpoint, steps, threads };
        command.SetAction(parsed => Train(
            parsed.GetRequiredValue(output),
            parsed.GetRequiredValue(checkpoint),
            parsed.GetValue(steps),
            parsed.GetValue(threads)));
        return command;
    }

    private static unsafe void Train(string output, string checkpoint, int steps, int threads)
    {
        var grammar = Grammar.BuiltIn();
        Vocabulary vocabulary = Recipe.LearnVocabulary(grammar);
        NetworkShape seedling = NetworkShape.Fable with { Blocks = Recipe.Stages[0].Blocks };
        var trainer = new Trainer(seedling, grammar, vocabulary, Recipe.TrainingSeed, threads);
        if (File.Exists(checkpoint))
        {
            trainer.Restore(checkpoint);
            Print($"going on from step {trainer.Step}");
        }

        IReadOnlyList<Story> heldOut = Recipe.HeldOut(grammar, EvaluatedStories);
        var watch = Stopwatch.StartNew();
        long tokensBefore = trainer.Tokens;
        double loss = 0;
        while (trainer.Step < steps)
        {
            int blocks = Recipe.Stages.Last(stage => stage.Step <= trainer.Step).Blocks;
            if (blocks > trainer.Shape.Blocks)
            {
                trainer.Grow(blocks);
                Print($"step {trainer.Step}: {blocks} blocks from here on");
            }

            loss += trainer.Advance(steps, Recipe.RatePeak);
            if (trainer.Step % StepsPerLine == 0)
            {
                double speed = (trainer.Tokens - tokensBefore) / watch.Elapsed.TotalSeconds;
                Print($"step {trainer.Step}: {loss / StepsPerLine:F4} nats per token, {speed:F0} tokens/s");
                loss = 0;
            }

            if (trainer.Step % StepsPerCheckpoint == 0 || trainer.Step == steps)
            {
                (double model, double entropy) = trainer.Evaluate(heldOut);
                Print($"held out: {model:F2} nats per story, the grammar {entropy:F2}: {model / entropy:F4}");
                trainer.Save(checkpoint);
                ModelExport.Write(output, trainer.Shape, vocabulary, trainer.Parameters);
            }
        }

        ModelExport.Write(output, trainer.Shape, vocabulary, trainer.Parameters);
        Print($"{trainer.Tokens} tokens in {trainer.Step} steps; {trainer.Shape.Count} parameters in {output}");
    }

    private static Command Evaluate()
    {
        var model = new Argument<string>("model") { Description = "A GGUF file that this program wrote." };
        var stories = new Option<int>("--stories")
        {
            Description = "How many held-out stories to measure by.",
            DefaultValueFactory = _ => Recipe.HeldOutStories,
        };
        var command = new Command("evaluate", "Measures a model against the grammar, and lets the grammar judge its stories.")
        {
            model, stories,
        };
        command.SetAction(parsed => Evaluation.Run(parsed.GetRequiredValue(model), parsed.GetValue(stories)));
        return command;
    }

    internal static void Print(FormattableString line)
        => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
