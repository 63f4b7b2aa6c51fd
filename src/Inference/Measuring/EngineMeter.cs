using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Measuring;

/// <summary>Speeds of one loaded model: prefill of fixed ids, greedy generation, several sessions together.</summary>
public sealed class EngineMeter : IDisposable
{
    // Ids that any program can make: i · 7919 mod vocabulary.
    private const int Stride = 7919;

    private readonly ModelSpan _model;
    private readonly TimeProvider _time;

    /// <summary>Loads all blocks of a model.</summary>
    public EngineMeter(ModelFile file, int threads, TimeProvider time, IProgress<double>? progress = null)
    {
        _time = time;
        Pool = new ComputePool(threads);
        long start = time.GetTimestamp();

        try
        {
            _model = ModelSpan.Load(file, file.Config.AllBlocks, Pool, progress);
        }
        catch
        {
            Pool.Dispose();
            throw;
        }

        LoadTime = time.GetElapsedTime(start);
    }

    /// <summary>The threads that compute.</summary>
    public ComputePool Pool { get; }

    /// <summary>How long it took to read and pack the weights.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>Bytes the weights take in memory.</summary>
    public long WeightBytes => _model.WeightBytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        Pool.Dispose();
    }

    /// <summary>A session's cache.</summary>
    public KvCache NewCache(int positions, KvCacheType type = KvCacheType.F16)
        => _model.NewCache(_model.Blocks, positions, type);

    /// <summary>Tokens per second of a prompt in an empty cache.</summary>
    public double Prefill(int prompt)
    {
        using KvCache cache = NewCache(prompt);
        return Feed(cache, prompt);
    }

    /// <summary>Tokens per second of a prompt that is appended to a cache.</summary>
    public double Feed(KvCache cache, int prompt)
    {
        int[] ids = [.. Enumerable.Range(cache.Length, prompt).Select(Id)];
        float[] rows = new float[prompt * _model.Config.Width];
        float[] logits = new float[_model.Config.VocabularySize];
        long start = _time.GetTimestamp();
        _model.Run([Slice(cache, ids, rows)]);
        _model.Logits(rows.AsSpan(rows.Length - _model.Config.Width), logits);
        return prompt / _time.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Tokens per second of tokens that follow, one by one.</summary>
    public double Generate(KvCache cache, int tokens)
    {
        double seconds = 0;

        for (int i = 0; i < tokens; i++)
        {
            seconds += 1 / Feed(cache, 1);
        }

        return tokens / seconds;
    }

    /// <summary>
    /// Tokens per second of all sessions together, greedy, each from a token of its own; the first step, which touches
    /// the caches for the first time, does not count.
    /// </summary>
    /// <param name="sessions">How many.</param>
    /// <param name="generate">Tokens of each, at least 2.</param>
    public double Together(int sessions, int generate)
    {
        int width = _model.Config.Width;
        int vocabulary = _model.Config.VocabularySize;
        KvCache[] caches = [.. Enumerable.Range(0, sessions).Select(_ => NewCache(generate))];
        int[] ids = [.. Enumerable.Range(0, sessions).Select(Id)];
        float[] rows = new float[sessions * width];
        float[] logits = new float[sessions * vocabulary];
        bool[] finite = new bool[sessions];
        var sampler = new Sampler(SamplingOptions.Greedy, vocabulary);
        long start = 0;

        for (int step = 0; step < generate; step++)
        {
            start = step == 1 ? _time.GetTimestamp() : start;
            _model.Run(
            [
                .. caches.Select((cache, i) => Slice(cache, ids.AsMemory(i, 1), rows.AsMemory(i * width, width))),
            ]);
            _model.Logits(rows, logits, finite);

            for (int i = 0; i < sessions; i++)
            {
                ids[i] = sampler.Sample(logits.AsSpan(i * vocabulary, vocabulary), []);
            }
        }

        double seconds = _time.GetElapsedTime(start).TotalSeconds;
        Array.ForEach(caches, cache => cache.Dispose());
        return sessions * (generate - 1) / seconds;
    }

    private int Id(int index) => (int)((long)index * Stride % _model.Config.VocabularySize);

    private StepSlice Slice(KvCache cache, ReadOnlyMemory<int> ids, Memory<float> rows) => new()
    {
        Cache = cache,
        Blocks = _model.Blocks,
        Position = cache.Length,
        Tokens = ids,
        Rows = rows,
    };
}
