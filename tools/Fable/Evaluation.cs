using Swarm.Fable.Corpus;
using Swarm.Fable.Training;
using Swarm.Inference.Sampling;

namespace Swarm.Fable;

/// <summary>Prints the numbers of the model card.</summary>
internal static unsafe class Evaluation
{
    /// <summary>Measures by held-out stories, and lets the grammar judge what the model tells.</summary>
    public static void Run(string path, int count)
    {
        var grammar = Grammar.BuiltIn();
        using var measurement = new Measurement(path, Environment.ProcessorCount);
        IReadOnlyList<Story> heldOut = Recipe.HeldOut(grammar, count);
        int tokens = heldOut.Sum(story => measurement.Encode(story).Length - 1);
        double entropy = heldOut.Sum(story => story.Nats);
        double nats = heldOut.Sum(measurement.Nats);
        Commands.Print($"held-out stories       {count}, {tokens} tokens");
        Commands.Print($"grammar's entropy      {entropy / count:F3} nats per story, {entropy / tokens:F5} per token");
        Commands.Print($"model's cross-entropy  {nats / count:F3} nats per story, {nats / tokens:F5} per token");
        Commands.Print($"ratio                  {nats / entropy:F4}");
        Commands.Print($"in the trainer's float {TrainerNats(measurement, heldOut) / count:F3} nats per story");

        var reader = new Storyreader(grammar);
        string[] told = [.. Enumerable.Range(0, Recipe.ToldStories)
            .Select(seed => measurement.Tell("Once upon a time", new SamplingOptions { Seed = (ulong)seed }))];
        bool[] valid = [.. told.Select(text => reader.Nats(text) is not null)];
        Commands.Print($"told stories that the grammar could have told: {valid.Count(one => one)} of {told.Length}");
        for (int seed = 0; seed < told.Length; seed++)
        {
            Commands.Print($"\n[seed {seed}, {(valid[seed] ? "could have been told" : "could not have been told")}]\n{told[seed]}");
        }
    }

    private static double TrainerNats(Measurement measurement, IReadOnlyList<Story> stories)
    {
        NetworkShape shape = NetworkShape.Fable;
        float* parameters = ModelExport.Read(measurement.File, shape);
        var pass = new Pass(shape, shape.Context);
        return stories.Sum(story => pass.Run(parameters, [measurement.Encode(story)]));
    }
}
