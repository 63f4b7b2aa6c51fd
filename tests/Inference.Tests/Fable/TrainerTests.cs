using NUnit.Framework;
using Swarm.Fable.Corpus;
using Swarm.Fable.Training;

namespace Swarm.Inference.Tests.Fable;

/// <summary>The trainer computes the gradients it says it does, and a run is one run however it is cut.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed unsafe class TrainerTests
{
    private const float RatePeak = 0.002f;

    [Test]
    public void Gradients_are_what_finite_differences_say()
    {
        var shape = new NetworkShape(Vocabulary: 64, Width: 32, Heads: 2, Inner: 48, Blocks: 2, Context: 160);
        float* parameters = Sharpened(shape);
        float* gradients = Buffers.Allocate(shape.Count);
        var dice = new Dice(1);
        int[][] sequences = [Ids(dice, 150, shape.Vocabulary), Ids(dice, 40, shape.Vocabulary)];
        var pass = new Pass(shape, 320);
        _ = pass.Run(parameters, sequences, gradients);

        foreach ((string name, int offset, int rows, int columns) in shape.Tensors())
        {
            var weights = new Span<float>(parameters + offset, rows * columns);
            var slopes = new Span<float>(gradients + offset, rows * columns);
            float[] before = weights.ToArray();
            double squares = 0;
            foreach (float slope in slopes)
            {
                squares += (double)slope * slope;
            }

            // Along the gradient the loss changes by the gradient's squared length.
            float stride = (float)(0.02 / Math.Sqrt(squares));
            double change = Moved(pass, parameters, sequences, weights, before, slopes, stride)
                - Moved(pass, parameters, sequences, weights, before, slopes, -stride);
            before.CopyTo(weights);

            Assert.That(change / (2 * stride) / squares, Is.EqualTo(1).Within(0.01), name);
        }
    }

    [Test]
    public void A_run_does_not_depend_on_threads_nor_on_being_interrupted()
    {
        string path = Path.Combine(Path.GetTempPath(), $"fable-{Environment.ProcessId}.checkpoint");
        try
        {
            Trainer whole = Small(threads: 1);
            Trainer first = Small(threads: 2);
            Advance(whole, 6);
            Advance(first, 3);
            first.Save(path);
            Trainer second = Small(threads: 2);
            second.Restore(path);
            Advance(second, 3);

            Assert.That(second.Tokens, Is.EqualTo(whole.Tokens));
            Assert.That(Weights(second).SequenceEqual(Weights(whole)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Training_brings_the_loss_down()
    {
        Trainer trainer = Small(threads: 2);
        double before = trainer.Advance(1000, RatePeak);
        Advance(trainer, 60);

        Assert.That(trainer.Advance(1000, RatePeak), Is.LessThan(before / 1.5));
    }

    private static readonly NetworkShape SmallShape = new(304, 64, 2, 64, 2, 256);

    private static Trainer Small(int threads)
    {
        var grammar = Grammar.Parse(
            "@story\nOnce there was a <kind=kind> and a <other=kind!kind>. The $other sang, the $kind danced.\n"
            + "@kind\nfox\nowl\nhare\n");
        var teller = new Storyteller(grammar, 1);
        var vocabulary = Vocabulary.Learn([.. Enumerable.Range(0, 100).Select(_ => teller.Next().Text)], SmallShape.Vocabulary);
        return new Trainer(SmallShape, grammar, vocabulary, seed: 1, threads);
    }

    private static void Advance(Trainer trainer, int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            _ = trainer.Advance(1000, RatePeak);
        }
    }

    private static ReadOnlySpan<float> Weights(Trainer trainer) => new(trainer.Parameters, SmallShape.Count);

    private static float* Sharpened(NetworkShape shape)
    {
        float* parameters = Trainer.Initial(shape, 5);
        foreach ((_, int offset, int rows, int columns) in shape.Tensors())
        {
            if (rows > 1)
            {
                Layers.Scale(parameters + offset, 4, rows * columns);
            }
        }

        return parameters;
    }

    private static int[] Ids(Dice dice, int count, int vocabulary)
        => [.. Enumerable.Range(0, count).Select(_ => dice.Next(vocabulary))];

    private static double Moved(
        Pass pass, float* parameters, int[][] sequences, Span<float> weights, float[] before, Span<float> slopes, float stride)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = before[i] + (stride * slopes[i]);
        }

        return pass.Run(parameters, sequences);
    }
}
