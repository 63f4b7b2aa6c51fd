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

    /// <summary>One run: prompt from an empty cache, then generation from an empty cache.</summary>
    public Rates Measure(int prompt, int generate)
    {
        int vocabulary = _model.Config.VocabularySize;
        int[] ids = [.. Enumerable.Range(0, prompt).Select(i => (int)((long)i * Stride % vocabulary))];
        float[] rows = new float[prompt * _model.Config.Width];
        float[] logits = new float[vocabulary];
        using KvCache cache = _model.NewCache(_model.Blocks, Math.Max(prompt, generate) + 1, KvCacheType.F16);

        long start = Stopwatch.GetTimestamp();
        Step(cache, ids, rows, logits);
        double prefill = prompt / Stopwatch.GetElapsedTime(start).TotalSeconds;

        cache.Truncate(0);
        var sampler = new Sampler(SamplingOptions.Greedy, vocabulary);
        int[] one = [ids[0]];
        float[] row = new float[_model.Config.Width];
        Step(cache, one, row, logits);
        start = Stopwatch.GetTimestamp();

        for (int i = 1; i < generate; i++)
        {
            one[0] = sampler.Sample(logits, []);
            Step(cache, one, row, logits);
        }

        return new Rates(prefill, (generate - 1) / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private void Step(KvCache cache, int[] ids, float[] rows, float[] logits)
    {
        _model.Run(
        [
            new StepSlice
            {
                Cache = cache,
                Blocks = _model.Blocks,
                Position = cache.Length,
                Tokens = ids,
                Rows = rows,
            },
        ]);
        _model.Logits(rows.AsSpan(rows.Length - _model.Config.Width), logits);
    }
}
