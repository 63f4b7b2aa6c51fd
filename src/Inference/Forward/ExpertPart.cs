using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// A mixture of experts over a batch: the columns that chose an expert are gathered, so that its weights are read once,
/// and the results are added to each column in ascending order of experts, whoever its neighbours are.
/// </summary>
internal sealed unsafe class ExpertPart
{
    private readonly BlockPass _pass;
    private readonly FeedForwardPart _feedForward;
    private readonly RangeAction _choose;
    private readonly RangeAction _gather;
    private readonly RangeAction _scatter;
    private int[] _chosen = [];
    private float[] _weights = [];
    private int[] _starts = [];
    private int[] _members = [];
    private int _first;

    public ExpertPart(BlockPass pass, FeedForwardPart feedForward)
    {
        _pass = pass;
        _feedForward = feedForward;
        _choose = Choose;
        _gather = Gather;
        _scatter = Scatter;
    }

    private ExpertSpec Spec => _pass.Spec.Experts!;

    /// <summary>Chooses experts for every column, by the input that lies ready.</summary>
    public void Route()
    {
        Workspace work = _pass.Work;
        MakeRoom(work.Columns * Spec.Used, Spec.Count + 1);
        _pass.Multiply(_pass.Weights.Experts!.Router, work.Logits, work.LogitsWidth);
        _pass.ForEach(Spec.Count * 32L, _choose);
        GroupByExpert();
    }

    /// <summary>Adds up what the chosen experts make of the input that lies ready.</summary>
    public void Run()
    {
        Workspace work = _pass.Work;
        new Span<float>(work.Mixture, _pass.Count * work.Width).Clear();

        for (int expert = 0; expert < Spec.Count; expert++)
        {
            _first = _starts[expert];
            int count = _starts[expert + 1] - _first;

            if (count > 0)
            {
                work.Gathered.Begin(count, work.Input.Width);
                _pass.Pool.For(count, work.Input.Width, _gather);
                _feedForward.Run(_pass.Weights.Experts!.Experts[expert], Spec.Size, work.Gathered);
                _pass.Pool.For(count, work.Width, _scatter);
            }
        }
    }

    private void MakeRoom(int choices, int experts)
    {
        if (_chosen.Length < choices)
        {
            _chosen = new int[choices];
            _weights = new float[choices];
            _members = new int[choices];
        }

        if (_starts.Length < experts)
        {
            _starts = new int[experts];
        }
    }

    private void Choose(int first, int last)
    {
        Workspace work = _pass.Work;
        NativeBuffer? bias = _pass.Weights.Experts!.SelectionBias;

        for (int i = first; i < last; i++)
        {
            float* logits = work.Logits + ((long)i * work.LogitsWidth);
            int at = i * Spec.Used;
            ExpertChoice.Choose(
                Spec,
                logits,
                logits + Spec.Count,
                bias is null ? null : bias.Floats,
                _chosen.AsSpan(at, Spec.Used),
                _weights.AsSpan(at, Spec.Used));
        }
    }

    // Choices, numbered column after column, sorted by expert.
    private void GroupByExpert()
    {
        int choices = _pass.Count * Spec.Used;
        Span<int> starts = _starts.AsSpan(0, Spec.Count + 1);
        starts.Clear();

        for (int choice = 0; choice < choices; choice++)
        {
            starts[_chosen[choice] + 1]++;
        }

        for (int expert = 0; expert < Spec.Count; expert++)
        {
            starts[expert + 1] += starts[expert];
        }

        for (int choice = 0; choice < choices; choice++)
        {
            _members[starts[_chosen[choice]]++] = choice;
        }

        for (int expert = Spec.Count; expert > 0; expert--)
        {
            starts[expert] = starts[expert - 1];
        }

        starts[0] = 0;
    }

    private void Gather(int first, int last)
    {
        Workspace work = _pass.Work;

        for (int i = first; i < last; i++)
        {
            int column = _members[_first + i] / Spec.Used;
            new Span<float>(work.Input.Column(column), work.Input.Width)
                .CopyTo(new Span<float>(work.Gathered.Column(i), work.Input.Width));
        }
    }

    private void Scatter(int first, int last)
    {
        Workspace work = _pass.Work;

        for (int i = first; i < last; i++)
        {
            int choice = _members[_first + i];
            float* sum = work.Mixture + ((long)(choice / Spec.Used) * work.Width);
            float scale = _pass.Weights.Experts!.Scales is { } scales ? scales.Floats[_chosen[choice]] : 1;
            Sum.Scaled(sum, _pass.Result(i), _weights[choice] * scale, work.Width);
        }
    }
}
