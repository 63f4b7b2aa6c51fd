using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Swarm.Fable.Corpus;

namespace Swarm.Fable.Training;

/// <summary>
/// Trains a network on stories as they are told. Each step's stories are a function of seed, step and shard, and shards'
/// gradients are summed in their order: the result does not depend on threads, nor on being stopped and resumed.
/// </summary>
public sealed unsafe class Trainer
{
    private const int Shards = 4;
    private const int WarmupSteps = 100;
    private const int DescentSteps = 800;
    private const int RecallSteps = 600;
    private const float RecallWeight = 3;
    private const float GradientNormMax = 1;

    private readonly Grammar _grammar;
    private readonly Vocabulary _vocabulary;
    private readonly ulong _seed;
    private readonly float*[] _gradients = new float*[Shards];
    private readonly ConcurrentBag<Pass> _passes = [];
    private readonly int _threads;
    private Optimizer _optimizer;

    /// <summary>A trainer of a network with fresh random weights.</summary>
    public Trainer(NetworkShape shape, Grammar grammar, Vocabulary vocabulary, ulong seed, int threads)
    {
        (_grammar, _vocabulary, _seed, _threads) = (grammar, vocabulary, seed, threads);
        Reshape(shape);
        Parameters = Initial(shape, seed);
    }

    /// <summary>The network's sizes as they are now.</summary>
    public NetworkShape Shape { get; private set; }

    /// <summary>All weights, tensor after tensor as the shape says.</summary>
    public float* Parameters { get; private set; }

    /// <summary>How many steps have been made.</summary>
    public int Step { get; private set; }

    /// <summary>How many tokens have been seen.</summary>
    public long Tokens { get; private set; }

    /// <summary>Weights as they are before training: normal, those that write to the residual smaller.</summary>
    public static float* Initial(NetworkShape shape, ulong seed)
    {
        var dice = new Dice(seed);
        float* parameters = Buffers.Allocate(shape.Count);
        foreach ((string name, int offset, int rows, int columns) in shape.Tensors())
        {
            bool writes = name.Contains("attn_output", StringComparison.Ordinal)
                || name.Contains("ffn_down", StringComparison.Ordinal);
            double deviation = offset == shape.Embedding ? 0.05 : writes ? 0.03 / Math.Sqrt(2 * shape.Blocks) : 0.03;
            for (int i = offset; i < offset + (rows * columns); i++)
            {
                parameters[i] = rows == 1 ? 1 : (float)(deviation * dice.NextNormal());
            }
        }

        return parameters;
    }

    /// <summary>
    /// Puts new blocks after each old one, so that there are so many. The new ones add nothing to the residual yet: the
    /// network computes what it did, and goes on learning with more room.
    /// </summary>
    public void Grow(int blocks)
    {
        NetworkShape before = Shape;
        float* parameters = Parameters;
        Optimizer optimizer = _optimizer;
        Reshape(before with { Blocks = blocks });
        Parameters = Initial(Shape, _seed + (ulong)blocks);
        for (int block = 0; block < blocks; block++)
        {
            new Span<float>(Parameters + Shape.Output(block), Shape.Width * Shape.Width).Clear();
            new Span<float>(Parameters + Shape.Down(block), Shape.Width * Shape.Inner).Clear();
        }

        Copy(0, 0, before.AttentionNorm(0));
        Copy(before.FinalNorm, Shape.FinalNorm, before.Width);
        for (int block = 0; block < before.Blocks; block++)
        {
            int size = before.AttentionNorm(block + 1) - before.AttentionNorm(block);
            Copy(before.AttentionNorm(block), Shape.AttentionNorm(block * blocks / before.Blocks), size);
        }

        void Copy(int from, int to, int count)
        {
            new Span<float>(parameters + from, count).CopyTo(new Span<float>(Parameters + to, count));
            new Span<float>(optimizer.First + from, count).CopyTo(new Span<float>(_optimizer.First + to, count));
            new Span<float>(optimizer.Second + from, count).CopyTo(new Span<float>(_optimizer.Second + to, count));
        }
    }

    /// <summary>One step of a run of so many; returns the mean loss per token.</summary>
    public double Advance(int steps, float ratePeak)
    {
        double[] losses = new double[Shards];
        int[] tokens = new int[Shards];
        Lesson[] lessons = [.. Enumerable.Range(0, Shards).Select(shard => Prepare(shard))];
        float share = 1f / lessons.Sum(lesson => lesson.Weights.Length);
        Parallel.For(0, Shards, new ParallelOptions { MaxDegreeOfParallelism = _threads }, shard =>
        {
            if (!_passes.TryTake(out Pass? pass))
            {
                pass = new Pass(Shape, 2 * Shape.Context);
            }

            new Span<float>(_gradients[shard], Shape.Count).Clear();
            float[] weights = [.. lessons[shard].Weights.Select(weight => weight * share)];
            losses[shard] = pass.Run(Parameters, lessons[shard].Sequences, _gradients[shard], weights);
            tokens[shard] = weights.Length;
            _passes.Add(pass);
        });
        for (int shard = 1; shard < Shards; shard++)
        {
            Layers.Add(_gradients[shard], _gradients[0], Shape.Count);
        }

        double squares = 0;
        for (int i = 0; i < Shape.Count; i++)
        {
            squares += _gradients[0][i] * _gradients[0][i];
        }

        float rate = Rate(steps, ratePeak);
        Step++;
        Tokens += tokens.Sum();
        float factor = (float)Math.Min(1, GradientNormMax / Math.Sqrt(squares));
        _optimizer.Step(Parameters, _gradients[0], Step, rate, factor, _threads);
        return losses.Sum() / tokens.Sum();
    }

    /// <summary>Loss per story, in nats, and what the grammar itself needs for the same stories.</summary>
    public (double Model, double Grammar) Evaluate(IReadOnlyList<Story> stories)
    {
        double[] losses = new double[stories.Count];
        Parallel.For(0, stories.Count, new ParallelOptions { MaxDegreeOfParallelism = _threads }, i =>
        {
            if (!_passes.TryTake(out Pass? pass))
            {
                pass = new Pass(Shape, 2 * Shape.Context);
            }

            losses[i] = pass.Run(Parameters, [_vocabulary.EncodeWhole(stories[i].Text)]);
            _passes.Add(pass);
        });
        return (losses.Average(), stories.Average(story => story.Nats));
    }

    /// <summary>Writes all that a later run needs to go on.</summary>
    public void Save(string path)
    {
        string unfinished = path + ".part";
        using (var writer = new BinaryWriter(File.Create(unfinished)))
        {
            writer.Write(Shape.Blocks);
            writer.Write(Shape.Count);
            writer.Write(Step);
            writer.Write(Tokens);
            foreach (nint start in Stored())
            {
                writer.Write(new ReadOnlySpan<byte>((void*)start, Shape.Count * sizeof(float)));
            }
        }

        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>Goes on from what an earlier run wrote.</summary>
    public void Restore(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        Reshape(Shape with { Blocks = reader.ReadInt32() });
        Parameters = Buffers.Allocate(Shape.Count);
        if (reader.ReadInt32() != Shape.Count)
        {
            throw new InvalidDataException($"{path} holds a network of another shape");
        }

        Step = reader.ReadInt32();
        Tokens = reader.ReadInt64();
        foreach (nint start in Stored())
        {
            reader.BaseStream.ReadExactly(new Span<byte>((void*)start, Shape.Count * sizeof(float)));
        }
    }

    [MemberNotNull(nameof(Shape), nameof(_optimizer))]
    private void Reshape(NetworkShape shape)
    {
        Shape = shape;
        _optimizer = new Optimizer(shape);
        _passes.Clear();
        for (int shard = 0; shard < Shards; shard++)
        {
            _gradients[shard] = Buffers.Allocate(shape.Count);
        }
    }

    private nint[] Stored() => [(nint)Parameters, (nint)_optimizer.First, (nint)_optimizer.Second];

    /// <summary>What one shard predicts in one step, and how much each prediction counts.</summary>
    private sealed record Lesson(int[][] Sequences, float[] Weights);

    /// <summary>Two stories, one by one; the last shard has them as one text, so that late positions are learned too.</summary>
    private Lesson Prepare(int shard)
    {
        var teller = new Storyteller(_grammar, _seed + ((ulong)((Step * Shards) + shard + 1) * 0xD1342543DE82EF95));
        Story[] stories = [teller.Next(), teller.Next()];
        int[][] sequences = [.. stories.Select(story => _vocabulary.EncodeWhole(story.Text))];

        // At first what is recalled counts more: what was drawn is noise, in which learning to recall would be lost.
        float weight = Step < RecallSteps ? RecallWeight : 1;
        float[] weights = [.. stories.Zip(sequences)
            .SelectMany(pair => _vocabulary.Recalls(pair.First, pair.Second))
            .Select(recall => recall ? weight : 1)];
        if (shard < Shards - 1)
        {
            return new Lesson(sequences, weights);
        }

        int[] whole = [.. sequences[0], .. sequences[1].Skip(1)];
        int length = Math.Min(whole.Length, Shape.Context + 1);
        return new Lesson([whole[..length]], weights[..(length - 1)]);
    }

    /// <summary>Warm up, stay, and at the end go down to nothing: a run can be made longer until its descent begins.</summary>
    private float Rate(int steps, float peak)
        => peak * MathF.Min(MathF.Min(1, (Step + 1f) / WarmupSteps), (float)(steps - Step) / DescentSteps);
}
