using Swarm.Inference.Kernels;

namespace Swarm.Inference.Sampling;

/// <summary>
/// Logits to one token, in the order penalties, top-k, top-p, min-p, temperature. It has no hidden state: what it sees
/// are the logits, the session's ids and the seed. Ties go to the lowest id.
/// </summary>
public sealed class Sampler
{
    private readonly float[] _logits;
    private readonly int[] _ids;
    private readonly float[] _keys;
    private readonly double[] _weights;
    private readonly bool[] _penalized;
    private readonly Comparison<int> _order;

    /// <summary>Makes a sampler for a vocabulary.</summary>
    public Sampler(SamplingOptions options, int vocabulary)
    {
        Options = options;
        _logits = new float[vocabulary];
        _ids = new int[vocabulary];
        _keys = new float[vocabulary];
        _weights = new double[vocabulary];
        _penalized = new bool[vocabulary];
        _order = (left, right) =>
            _logits[left] != _logits[right] ? _logits[right].CompareTo(_logits[left]) : left.CompareTo(right);
    }

    /// <summary>How tokens are chosen; may change from one to the next, as the sampler remembers nothing.</summary>
    public SamplingOptions Options { get; set; }

    /// <summary>Chooses the token that follows <paramref name="ids"/>.</summary>
    /// <param name="logits">One finite logit per token.</param>
    /// <param name="ids">All ids of the session so far; their number is the position that is drawn.</param>
    public int Sample(ReadOnlySpan<float> logits, ReadOnlySpan<int> ids)
    {
        logits.CopyTo(_logits);
        Penalize(ids);

        if (Options.Temperature == 0)
        {
            return Largest();
        }

        int count = TopK();
        Weigh(count, 1);
        count = MinP(TopP(count));
        Weigh(count, Options.Temperature);
        return Draw(count, Philox.Unit(Options.Seed, (ulong)ids.Length));
    }

    private void Penalize(ReadOnlySpan<int> ids)
    {
        if (Options.RepeatPenalty == 1)
        {
            return;
        }

        ReadOnlySpan<int> recent = ids[Math.Max(0, ids.Length - Options.RepeatLastN)..];

        foreach (int id in recent)
        {
            if (!_penalized[id])
            {
                _penalized[id] = true;
                float logit = _logits[id];
                _logits[id] = logit > 0 ? logit / Options.RepeatPenalty : logit * Options.RepeatPenalty;
            }
        }

        foreach (int id in recent)
        {
            _penalized[id] = false;
        }
    }

    private int Largest()
    {
        int best = 0;

        for (int id = 1; id < _logits.Length; id++)
        {
            if (_logits[id] > _logits[best])
            {
                best = id;
            }
        }

        return best;
    }

    // Brings the best tokens to the front, best first.
    private int TopK()
    {
        int k = Options.TopK == 0 ? _logits.Length : Math.Min(Options.TopK, _logits.Length);
        int count = 0;

        if (k > _logits.Length / 8)
        {
            return SortAll(k);
        }

        for (int id = 0; id < _logits.Length; id++)
        {
            if (count == k && _logits[id] <= _keys[k - 1])
            {
                continue;
            }

            int place = count < k ? count++ : k - 1;

            while (place > 0 && _keys[place - 1] < _logits[id])
            {
                _keys[place] = _keys[place - 1];
                _ids[place] = _ids[place - 1];
                place--;
            }

            _keys[place] = _logits[id];
            _ids[place] = id;
        }

        return count;
    }

    private int SortAll(int k)
    {
        for (int id = 0; id < _logits.Length; id++)
        {
            _ids[id] = id;
        }

        _ids.AsSpan().Sort(_order);

        for (int i = 0; i < k; i++)
        {
            _keys[i] = _logits[_ids[i]];
        }

        return k;
    }

    // Relative probabilities: the best token's is 1.
    private void Weigh(int count, float temperature)
    {
        for (int i = 0; i < count; i++)
        {
            double below = ((double)_keys[i] - _keys[0]) / temperature;
            _weights[i] = below < -700 ? 0 : DoubleMath.Exp(below);
        }
    }

    private int TopP(int count)
    {
        if (Options.TopP >= 1)
        {
            return count;
        }

        double wanted = Options.TopP * Total(count);
        double sum = 0;

        for (int i = 0; i < count; i++)
        {
            sum += _weights[i];

            if (sum >= wanted)
            {
                return i + 1;
            }
        }

        return count;
    }

    private int MinP(int count)
    {
        int kept = 1;

        while (kept < count && _weights[kept] >= Options.MinP)
        {
            kept++;
        }

        return kept;
    }

    private int Draw(int count, double unit)
    {
        double wanted = unit * Total(count);
        double sum = 0;

        for (int i = 0; i < count; i++)
        {
            sum += _weights[i];

            if (sum > wanted)
            {
                return _ids[i];
            }
        }

        return _ids[count - 1];
    }

    private double Total(int count)
    {
        double sum = 0;

        for (int i = 0; i < count; i++)
        {
            sum += _weights[i];
        }

        return sum;
    }
}
