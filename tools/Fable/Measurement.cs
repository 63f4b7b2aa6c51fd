using Swarm.Fable.Corpus;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Inference.Text;
using Swarm.Inference.Threading;

namespace Swarm.Fable;

/// <summary>Measures a model file with the engine that will run it.</summary>
public sealed class Measurement : IDisposable
{
    private readonly ModelFile _file;
    private readonly ComputePool _pool;
    private readonly ModelSpan _model;

    /// <summary>Loads the whole model.</summary>
    public Measurement(string path, int threads)
    {
        _file = ModelFile.Open(path);
        _pool = new ComputePool(threads);
        _model = ModelSpan.Load(_file, _file.Config.AllBlocks, _pool);
        Tokenizer = Inference.Text.Tokenizer.Create(_file.Metadata);
    }

    /// <summary>The file that was loaded.</summary>
    public ModelFile File => _file;

    /// <summary>The file's own tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>A story between two ends of text, as the model was trained on it.</summary>
    public int[] Encode(Story story)
        => [.. Tokenizer.Encode(story.Text, addSpecial: true, parseSpecial: false), Tokenizer.EndIds.Single()];

    /// <summary>What the model needs to say this story and its end, in nats.</summary>
    public double Nats(Story story)
    {
        int[] ids = Encode(story);
        int width = _model.Config.Width;
        using KvCache cache = _model.NewCache(_model.Blocks, ids.Length, KvCacheType.F16);
        float[] rows = new float[(ids.Length - 1) * width];
        _model.Run(
        [
            new StepSlice { Cache = cache, Blocks = _model.Blocks, Position = 0, Tokens = ids.AsMemory(..^1), Rows = rows },
        ]);

        float[] logits = new float[_model.Config.VocabularySize];
        double nats = 0;
        for (int i = 1; i < ids.Length; i++)
        {
            _model.Logits(rows.AsSpan((i - 1) * width, width), logits);
            double max = logits.Max();
            nats += max + Math.Log(logits.Sum(logit => Math.Exp(logit - max))) - logits[ids[i]];
        }

        return nats;
    }

    /// <summary>A text that the model tells after a prompt, the prompt included.</summary>
    public string Tell(string prompt, SamplingOptions sampling)
    {
        int[] ids = Tokenizer.Encode(prompt, addSpecial: true, parseSpecial: false);
        var options = new GeneratorOptions
        {
            Sampling = sampling,
            TokensMax = _file.Config.ContextLength - ids.Length,
            EndIds = Tokenizer.EndIds,
        };
        var text = new TextStream(Tokenizer);
        return prompt + string.Concat(new Generator(_model).Generate(ids, options).Select(text.Push)) + text.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _pool.Dispose();
        _file.Dispose();
    }
}
