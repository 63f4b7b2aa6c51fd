using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// Latent attention in its folded form: queries go to where the shared rows are, see these as keys and as values, and
/// what they saw becomes each head's value.
/// </summary>
internal sealed unsafe class LatentPart
{
    private readonly BlockPass _pass;
    private readonly AttentionRunner _attention;
    private readonly RangeAction _normalizeQueries;
    private readonly RangeAction _gatherPlain;
    private readonly RangeAction _place;
    private readonly RangeAction _gatherSeen;
    private readonly RangeAction _collect;
    private int _head;

    public LatentPart(BlockPass pass, AttentionRunner attention)
    {
        _pass = pass;
        _attention = attention;
        _normalizeQueries = NormalizeQueries;
        _gatherPlain = GatherPlain;
        _place = Place;
        _gatherSeen = GatherSeen;
        _collect = Collect;
    }

    private LatentSpec Latent => _pass.Spec.Latent!;

    private int Turned => _pass.Spec.KeySize - Latent.Rank;

    private int QuerySize => Latent.PlainSize + Turned;

    /// <summary>Reads the input that lies ready; leaves its results in the workspace.</summary>
    public void Run()
    {
        LayerSpec spec = _pass.Spec;
        Workspace work = _pass.Work;
        LatentWeights weights = _pass.Weights.Latent!;
        float* keys = work.Qkv + (spec.HeadCount * spec.KeySize);

        _pass.Multiply(weights.Shared, keys, work.QkvWidth);
        ProjectQueries(weights);

        for (_head = 0; _head < spec.HeadCount; _head++)
        {
            work.Gathered.Begin(_pass.Count, Latent.PlainSize);
            _pass.ForEach(Latent.PlainSize, _gatherPlain);
            _pass.Multiply(
                weights.KeyUps[_head], work.Gathered, work.Qkv + (_head * spec.KeySize), work.QkvWidth);
        }

        _pass.ForEach((long)spec.KeySize * spec.HeadCount, _place);
        work.Input.Begin(_pass.Count, spec.HeadCount * spec.ValueSize);
        _attention.Run(_pass.Weights, _pass.Block, work, _pass.Columns, _pass.Active, _pass.Count);

        for (_head = 0; _head < spec.HeadCount; _head++)
        {
            work.Gathered.Begin(_pass.Count, Latent.Rank);
            _pass.ForEach(Latent.Rank, _gatherSeen);
            _pass.Multiply(
                weights.ValueUps[_head], work.Gathered, work.Aside + (_head * Latent.ValueSize), work.AsideWidth);
        }

        work.Input.Begin(_pass.Count, spec.HeadCount * Latent.ValueSize);
        _pass.ForEach(work.Input.Width, _collect);
        _pass.Multiply(_pass.Weights.Output, work.Result, work.Width);
    }

    private void ProjectQueries(LatentWeights weights)
    {
        Workspace work = _pass.Work;

        if (weights.QueryDown is null)
        {
            _pass.Multiply(weights.Queries, work.Aside, work.AsideWidth);
            return;
        }

        _pass.Multiply(weights.QueryDown, work.Aside, work.AsideWidth);
        work.Gathered.Begin(_pass.Count, Latent.QueryRank);
        _pass.ForEach(4L * Latent.QueryRank, _normalizeQueries);
        _pass.Multiply(weights.Queries, work.Gathered, work.Aside, work.AsideWidth);
    }

    private void NormalizeQueries(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            _pass.Weights.Latent!.QueryNorm!.Apply(
                Aside(i), Latent.QueryRank, _pass.Work.Gathered.Column(i), _pass.Vectors);
        }
    }

    private void GatherPlain(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            Copy(Aside(i) + (_head * QuerySize), _pass.Work.Gathered.Column(i), Latent.PlainSize);
        }
    }

    // The part of queries and key that is turned stands behind the shared row; a value is that row once more.
    private void Place(int first, int last)
    {
        LayerSpec spec = _pass.Spec;

        for (int i = first; i < last; i++)
        {
            ref Column column = ref _pass.At(i);
            float* queries = _pass.Work.Qkv + ((long)i * _pass.Work.QkvWidth);
            float* key = queries + (spec.HeadCount * spec.KeySize);

            for (int head = 0; head < spec.HeadCount; head++)
            {
                float* turned = Aside(i) + (head * QuerySize) + Latent.PlainSize;
                Copy(turned, queries + (head * spec.KeySize) + Latent.Rank, Turned);
            }

            _pass.Turn(i, queries + Latent.Rank, spec.HeadCount);
            _pass.Turn(i, key + Latent.Rank, 1);
            _pass.Weights.Latent!.SharedNorm.Apply(key, Latent.Rank, key, _pass.Vectors);
            Copy(key, key + spec.KeySize, Latent.Rank);
            column.IsFinite
                &= !column.Appends || column.Cache.Write(_pass.Block, column.Position, key, key + spec.KeySize);
        }
    }

    private void GatherSeen(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            Copy(_pass.Work.Input.Column(i) + (_head * Latent.Rank), _pass.Work.Gathered.Column(i), Latent.Rank);
        }
    }

    private void Collect(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            Copy(Aside(i), _pass.Work.Input.Column(i), _pass.Work.Input.Width);
        }
    }

    private float* Aside(int i) => _pass.Work.Aside + ((long)i * _pass.Work.AsideWidth);

    private static void Copy(float* source, float* target, int count)
        => new Span<float>(source, count).CopyTo(new Span<float>(target, count));
}
