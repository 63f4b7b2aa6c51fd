using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// Lets the queries of a batch of columns see the keys and values of their sessions. Queries of neighbouring positions
/// and of heads that share keys go together; threads split what is then left whole.
/// </summary>
internal sealed unsafe class AttentionRunner : IDisposable
{
    private readonly ComputePool _pool;
    private readonly bool _vectors;
    private readonly RangeAction _attend;
    private readonly Stack<AttentionScratch> _scratches = new();

    private BlockWeights _weights = null!;
    private Workspace _work = null!;
    private Column[] _columns = null!;
    private int[] _active = [];
    private int[] _runs = [];
    private AttentionSpec _spec;
    private int _runCount;
    private int _block;
    private int _heads;

    public AttentionRunner(ComputePool pool)
    {
        _pool = pool;
        _vectors = pool.Limit > Isa.Scalar;
        _attend = Attend;
    }

    /// <summary>
    /// Takes the queries of the first <paramref name="count"/> active columns from the workspace and leaves what they
    /// saw where the next product reads.
    /// </summary>
    public void Run(BlockWeights weights, int block, Workspace work, Column[] columns, int[] active, int count)
    {
        (_weights, _block, _work, _columns, _active) = (weights, block, work, columns, active);
        LayerSpec layer = weights.Spec;
        float scale = layer.Scale ?? 1f / MathF.Sqrt(layer.KeySize);
        _spec = new AttentionSpec(layer.KeySize, layer.ValueSize, scale, layer.Softcap, layer.Window);
        EnsureScratch();

        // Few columns: the heads of a group part, so that every thread has some.
        int group = layer.HeadCount / layer.KvHeadCount;
        _heads = Math.Min(group, Attention.QueriesMax);
        FindRuns(count, Attention.QueriesMax / _heads);

        while (_heads > 1 && _runCount * Parts(layer) < _pool.Threads)
        {
            _heads = (_heads + 1) / 2;
        }

        int seen = columns[active[count - 1]].Position + 1;
        long cost = (seen - _spec.First(seen)) * (long)(layer.KeySize + layer.ValueSize) * _heads;
        _pool.For(_runCount * Parts(layer), cost, _attend);
    }

    public void Dispose()
    {
        while (_scratches.TryPop(out AttentionScratch? scratch))
        {
            scratch.Dispose();
        }
    }

    // Groups of query heads that are computed together, in all.
    private int Parts(LayerSpec layer)
        => layer.KvHeadCount * (((layer.HeadCount / layer.KvHeadCount) + _heads - 1) / _heads);

    private void EnsureScratch()
    {
        while (_scratches.TryPeek(out AttentionScratch? scratch)
            && (scratch.KeySize < _spec.KeySize || scratch.ValueSize < _spec.ValueSize))
        {
            _scratches.Pop().Dispose();
        }

        while (_scratches.Count < _pool.Threads)
        {
            LayerSpec layer = _weights.Spec;
            _scratches.Push(new AttentionScratch(layer.KeySize, layer.ValueSize));
        }
    }

    // Consecutive positions of one session, at most so many: the first of each run, and where the last ends.
    private void FindRuns(int count, int columnsMax)
    {
        if (_runs.Length <= count)
        {
            _runs = new int[count + 1];
        }

        _runCount = 0;

        for (int first = 0; first < count;)
        {
            int last = first + 1;

            while (last < count && _columns[_active[last]].Slice == _columns[_active[first]].Slice)
            {
                last++;
            }

            // Runs of about the same length: a short one would make floats of all its keys for few queries.
            int runs = (last - first + columnsMax - 1) / columnsMax;

            for (int run = 0; run < runs; run++)
            {
                _runs[_runCount++] = first + (int)((long)(last - first) * run / runs);
            }

            first = last;
        }

        _runs[_runCount] = count;
    }

    private void Attend(int first, int last)
    {
        AttentionScratch scratch;

        lock (_scratches)
        {
            scratch = _scratches.Pop();
        }

        // Head by head: later positions see more, so each thread gets some of all.
        for (int item = first; item < last; item++)
        {
            Attend(item / _runCount, item % _runCount, scratch);
        }

        lock (_scratches)
        {
            _scratches.Push(scratch);
        }
    }

    private void Attend(int part, int run, AttentionScratch scratch)
    {
        LayerSpec layer = _weights.Spec;
        int group = layer.HeadCount / layer.KvHeadCount;
        int parts = Parts(layer) / layer.KvHeadCount;
        int kvHead = part / parts;
        int firstHead = (kvHead * group) + (part % parts * _heads);
        int lastHead = Math.Min(firstHead + _heads, (kvHead + 1) * group);
        AttentionQuery* queries = stackalloc AttentionQuery[Attention.QueriesMax];
        int count = 0;

        for (int i = _runs[run]; i < _runs[run + 1]; i++)
        {
            for (int head = firstHead; head < lastHead; head++)
            {
                queries[count++] = new AttentionQuery
                {
                    Query = _work.Qkv + ((long)i * _work.QkvWidth) + (head * layer.KeySize),
                    Output = _work.Input.Column(i) + (head * layer.ValueSize),
                    Count = _columns[_active[i]].Position + 1,
                    Sink = _weights.Sinks?.Floats[head],
                };
            }
        }

        KvHead place = _columns[_active[_runs[run]]].Cache.Head(_block, kvHead);

        if (_vectors)
        {
            Attention.Vector(place, _spec, queries, count, scratch);
        }
        else
        {
            Attention.Scalar(place, _spec, queries, count, scratch);
        }
    }
}
