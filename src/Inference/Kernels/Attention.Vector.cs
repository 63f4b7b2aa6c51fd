using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// The same with vectors: a chunk becomes floats once for all queries, scores have one lane per key, mixes one lane per
/// element. Four queries at a time share what is loaded; alone each would compute the same.
/// </summary>
internal static unsafe partial class Attention
{
    private const int Together = 4;

    /// <summary>At most <see cref="QueriesMax"/> queries of heads that share keys and values.</summary>
    public static void Vector(
        in KvHead head, in AttentionSpec spec, AttentionQuery* queries, int count, AttentionScratch scratch)
    {
        int padded = Padded(spec.ValueSize);
        int begin = int.MaxValue;
        int end = 0;
        new Span<float>(scratch.Sums, count * padded).Clear();

        for (int i = 0; i < count; i++)
        {
            scratch.Total[i] = queries[i].Sink is null ? 0 : 1;
            scratch.Largest[i] = queries[i].Sink ?? float.NegativeInfinity;
            begin = Math.Min(begin, spec.First(queries[i].Count));
            end = Math.Max(end, queries[i].Count);
        }

        for (int first = begin / Chunk * Chunk; first < end; first += Chunk)
        {
            int chunk = first / Chunk;
            int next = Math.Min(chunk + 1, (end - 1) / Chunk);

            for (int i = 0; i < count; i++)
            {
                queries[i].Enter(spec, first);
            }

            float* keys = head.Format.Keys(head.Keys(chunk), spec.KeySize, scratch.Numbers, vectors: true);
            var ahead = new Ahead(head.Keys(next), head.Format.KeyBytes(spec.KeySize) / spec.KeySize);
            Score(keys, spec.KeySize, queries, count, scratch.Scores, ahead);

            Weigh(spec, queries, count, scratch);

            float* values = head.Format.Values(head.Values(chunk), spec.ValueSize, scratch.Numbers, vectors: true);
            ahead = new Ahead(head.Values(next), head.Format.ValueBytes(spec.ValueSize) / padded);
            Mix(values, padded, queries, count, scratch, ahead);
        }

        for (int i = 0; i < count; i++)
        {
            for (int d = 0; d < spec.ValueSize; d++)
            {
                queries[i].Output[d] = scratch.Sums[(i * padded) + d] / scratch.Total[i];
            }
        }
    }

    // Raw scores become weights, those of rows outside a query's view zero. Pass by pass over all queries, because one
    // query's steps wait for each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(in AttentionSpec spec, AttentionQuery* queries, int count, AttentionScratch scratch)
    {
        var scale = Vector512.Create(spec.Scale);
        var cap = Vector512.Create(spec.Softcap);
        var nothing = Vector512.Create(float.NegativeInfinity);
        float* p = scratch.Scores;

        for (int i = 0; i < count; i++, p += Chunk)
        {
            bool all = queries[i].From == 0 && queries[i].To == Chunk;
            Vector512<float> most = nothing;

            for (int j = 0; j < Chunk; j += Tile)
            {
                Vector512<float> score = Vector512.Load(p + j) * scale;
                score = spec.Softcap == 0 ? score : cap * Tanh.Lanes(score / cap);
                score = all ? score : Vector512.ConditionalSelect(Seen(queries + i, j), score, nothing);
                most = Vector512.MaxNative(most, score);
                score.Store(p + j);
            }

            scratch.ChunkLargest[i] = Largest(most);
        }

        p = scratch.Scores;

        for (int i = 0; i < count; i++, p += Chunk)
        {
            var largest = Vector512.Create(scratch.ChunkLargest[i]);
            Vector512<float> p0 = Exp.Lanes(Vector512.Load(p) - largest);
            Vector512<float> p1 = Exp.Lanes(Vector512.Load(p + Tile) - largest);
            Vector512<float> p2 = Exp.Lanes(Vector512.Load(p + (2 * Tile)) - largest);
            Vector512<float> p3 = Exp.Lanes(Vector512.Load(p + (3 * Tile)) - largest);
            p0.Store(p);
            p1.Store(p + Tile);
            p2.Store(p + (2 * Tile));
            p3.Store(p + (3 * Tile));
            scratch.ChunkTotal[i] = LaneSum.Vector(p0 + p1 + p2 + p3);
        }

        for (int i = 0; i < count; i += Tile)
        {
            Join(queries + i, Math.Min(Tile, count - i), scratch, i);
        }
    }

    // Takes the chunk's largest scores and sums into the totals, a lane per query.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join(AttentionQuery* queries, int count, AttentionScratch scratch, int first)
    {
        for (int i = 0; i < count; i++)
        {
            scratch.Keep[first + i] = queries[i].Sees ? 1 : 0;
        }

        var joins = Vector512.GreaterThan(Vector512.Load(scratch.Keep + first), Vector512<float>.Zero);
        var before = Vector512.Load(scratch.Largest + first);
        var here = Vector512.Load(scratch.ChunkLargest + first);
        var larger = Vector512.MaxNative(before, here);
        Vector512<float> keep = Exp.Lanes(before - larger);
        Vector512<float> gain = Exp.Lanes(here - larger);
        var total = Vector512.Load(scratch.Total + first);
        var joined = Vector512.FusedMultiplyAdd(total, keep, Vector512.Load(scratch.ChunkTotal + first) * gain);
        Vector512.ConditionalSelect(joins, joined, total).Store(scratch.Total + first);
        Vector512.ConditionalSelect(joins, larger, before).Store(scratch.Largest + first);
        keep.Store(scratch.Keep + first);
        gain.Store(scratch.Gain + first);
    }

    // Which value is the largest does not depend on the order of asking.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> lanes)
    {
        var eight = Vector256.MaxNative(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        var two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(two[0], two[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Seen(AttentionQuery* query, int row)
        => (Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(query->From - row))
            & Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(query->To - row))).AsSingle();
}
