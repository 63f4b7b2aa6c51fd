using Swarm.Inference.Measuring;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary>A run of <c>swarm bench</c> with one number of threads: load, warm up, rounds of all tests.</summary>
internal sealed class BenchRun
{
    private readonly ModelFile _model;
    private readonly BenchOptions _options;
    private readonly CancellationToken _stop;
    private readonly TokenCost _cost;

    public BenchRun(ModelFile model, BenchOptions options, CancellationToken stop)
    {
        _model = model;
        _options = options;
        _stop = stop;
        _cost = TokenCost.Of(model);
    }

    /// <summary>How long loading took.</summary>
    public TimeSpan LoadTime { get; private set; }

    /// <summary>Gigabytes per second of a plain read.</summary>
    public Spread Bandwidth { get; private set; } = new(0, 0, 0);

    /// <summary>Billions of operations per second of a loop of products.</summary>
    public Spread Peak { get; private set; } = new(0, 0, 0);

    /// <summary>Measures.</summary>
    /// <param name="threads">Threads that compute.</param>
    /// <param name="warm">Called when the model is loaded and has run, and nothing else takes memory yet.</param>
    public IReadOnlyList<BenchResult> Measure(int threads, Action warm)
    {
        using var engine = new EngineMeter(
            _model, threads, TimeProvider.System, new PercentProgress(_ => { }, TimeProvider.System, _stop));
        LoadTime = engine.LoadTime;
        List<Test> tests = [.. Tests()];

        foreach (Test test in tests)
        {
            _stop.ThrowIfCancellationRequested();
            _ = test.Run(engine, warmUp: true);
        }

        warm();
        using var memory = new MemoryRead();
        List<double> reads = [];
        List<double> peaks = [];

        for (int round = 0; round < _options.Runs; round++)
        {
            reads.Add(memory.Measure(engine.Pool, TimeProvider.System));
            peaks.Add(ArithmeticPeak.Measure(engine.Pool, TimeProvider.System));

            foreach (Test test in tests)
            {
                _stop.ThrowIfCancellationRequested();
                test.Rates.Add(test.Run(engine, warmUp: false));
            }
        }

        Bandwidth = Spread.Of(reads);
        Peak = Spread.Of(peaks);
        return [.. tests.Select(test => Result(test, threads))];
    }

    private IEnumerable<Test> Tests()
    {
        if (_options.Prompt > 0)
        {
            yield return new Test($"pp{_options.Prompt}", 0, (engine, _) => engine.Prefill(_options.Prompt));
        }

        foreach (int sessions in _options.Generate > 0 ? _options.Batches : [])
        {
            // Sixteen tokens touch all that there is.
            string name = $"tg{_options.Generate}" + (sessions > 1 ? $" x{sessions}" : "");
            yield return new Test(name, sessions, (engine, warmUp) => engine.Together(
                sessions, warmUp ? Math.Min(16, _options.Generate) : _options.Generate));
        }
    }

    private BenchResult Result(Test test, int threads)
    {
        var speed = Spread.Of(test.Rates);

        if (test.Sessions == 0)
        {
            double operations = _cost.BlockOperations + ((double)_cost.HeadOperations / _options.Prompt);
            return new BenchResult(test.Name, threads, speed, null, speed.Median * operations / 1e9 / Peak.Median);
        }

        // Sessions that go together read the weights once.
        double passes = speed.Median / test.Sessions;
        double? share = passes * _cost.BytesRead / 1e9 / Bandwidth.Median;
        double all = _cost.BlockOperations + _cost.HeadOperations;
        return new BenchResult(test.Name, threads, speed, share, speed.Median * all / 1e9 / Peak.Median);
    }

    private sealed record Test(string Name, int Sessions, Func<EngineMeter, bool, double> Measure)
    {
        public List<double> Rates { get; } = [];

        public double Run(EngineMeter engine, bool warmUp) => Measure(engine, warmUp);
    }
}
