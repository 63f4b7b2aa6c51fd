using System.Diagnostics;
using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Inference.Threading;

namespace Swarm.Benchmarks;

/// <summary>Our engine on a loaded model: prefill of fixed ids, then greedy generation.</summary>
internal sealed class OwnEngine : IDisposable
{
    // Ids that any program can make: i · 7919 mod vocabulary.
    private const int Stride = 7919;

    private readonly ComputePool _pool;
    private readonly ModelSpan _model;

    public OwnEngine(ModelFile file, int threads)
    {
        _pool = new ComputePool(threads);
        long start = Stopwatch.GetTimestamp();
        _model = ModelSpan.Load(file, file.Config.AllBlocks, _pool);
        LoadTime = Stopwatch.GetElapsedTime(start);
    }

    public TimeSpan LoadTime { get; }

    public long WeightBytes => _model.WeightBytes;

    public void Dispose()
    {
        _model.Dispose();
        _pool.Dispose();
    }

    /// <summary>One run: prompt, generation, and generation for several sessions, each from an empty cache.</summary>
    public Rates Measure(EngineOptions options) => new(
        Prefill(options.Prompt),
        Together(1, options.Generate),
        [.. options.Sessions.Select(sessions => Together(sessions, options.Generate))]);

    /// <summary>A session's cache.</summary>
    public KvCache NewCache(int positions, KvCacheType type = KvCacheType.F16)
        => _model.NewCache(_model.Blocks, positions, type);

    /// <summary>Tokens per second of a prompt that is appended to a cache.</summary>
    public double Feed(KvCache cache, int prompt)
    {
        int[] ids = [.. Enumerable.Range(cache.Length, prompt).Select(Id)];
        float[] rows = new float[prompt * _model.Config.Width];
        float[] logits = new float[_model.Config.VocabularySize];
        long start = Stopwatch.GetTimestamp();
        _model.Run([Slice(cache, ids, rows)]);
        _model.Logits(rows.AsSpan(rows.Length - _model.Config.Width), logits);
        return prompt / Stopwatch.GetElapsedTime(start).TotalSeconds;
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

    private double Prefill(int prompt)
    {
        using KvCache cache = NewCache(prompt);
        return Feed(cache, prompt);
    }

    // Greedy, every session from a token of its own.
    private double Together(int sessions, int generate)
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
            // The first step touches the caches for the first time.
            start = step == 1 ? Stopwatch.GetTimestamp() : start;
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

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
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
