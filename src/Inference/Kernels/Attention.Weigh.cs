using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Scores become weights, pass by pass over all queries: one query's steps wait for each other.</summary>
internal static unsafe partial class Attention
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(
        in AttentionSpec spec, AttentionQuery* queries, int count, AttentionScratch scratch, int first)
    {
        float* p = scratch.Scores;
        float* lanes = scratch.Lanes;

        for (int i = 0; i < count; i++)
        {
            if (spec.Softcap != 0 || queries[i].From > 0 || queries[i].To < Chunk)
            {
                Confine(spec, queries + i, p + (i * Chunk), lanes + (i * Tile));
            }
        }

        for (int i = 0; i < count; i++)
        {
            scratch.ChunkLargest[i] = Largest(Vector512.Load(lanes + (i * Tile)));
        }

        for (int i = 0; i < count; i++, p += Chunk, lanes += Tile)
        {
            var largest = Vector512.Create(scratch.ChunkLargest[i]);
            Vector512<float> p0 = Vector512.Load(p) - largest;
            Vector512<float> p1 = Vector512.Load(p + Tile) - largest;
            Vector512<float> p2 = Vector512.Load(p + (2 * Tile)) - largest;
            Vector512<float> p3 = Vector512.Load(p + (3 * Tile)) - largest;
            Exp.Lanes(ref p0, ref p1, ref p2, ref p3);
            p0.Store(p);
            p1.Store(p + Tile);
            p2.Store(p + (2 * Tile));
            p3.Store(p + (3 * Tile));
            (p0 + p1 + p2 + p3).Store(lanes);
        }

        lanes = scratch.Lanes;

        for (int i = 0; i < count; i++)
        {
            scratch.ChunkTotal[i] = LaneSum.Vector(Vector512.Load(lanes + (i * Tile)));
        }

        Join(queries, count, scratch, first);
    }

    // Scores within their cap, those of rows that the query does not see without any weight.
    private static void Confine(in AttentionSpec spec, AttentionQuery* query, float* p, float* lanes)
    {
        var cap = Vector512.Create(spec.Softcap);
        var nothing = Vector512.Create(float.NegativeInfinity);
        Vector512<float> most = nothing;

        for (int j = 0; j < Chunk; j += Tile)
        {
            var score = Vector512.Load(p + j);
            score = spec.Softcap == 0 ? score : cap * Tanh.Lanes(score / cap);
            score = Vector512.ConditionalSelect(Seen(query, j), score, nothing);
            most = Vector512.MaxNative(most, score);
            score.Store(p + j);
        }

        most.Store(lanes);
    }

    // Takes the chunk's largest scores and sums into the totals, a lane per query.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join(AttentionQuery* queries, int count, AttentionScratch scratch, int first)
    {
        for (int i = 0; i < count; i++)
        {
            scratch.Keep[i] = queries[i].Sees ? 1 : 0;
        }

        var joins = Vector512.GreaterThan(Vector512.Load(scratch.Keep), Vector512<float>.Zero);
        var before = Vector512.Load(scratch.Largest + first);
        var here = Vector512.Load(scratch.ChunkLargest);
        var larger = Vector512.MaxNative(before, here);
        Vector512<float> keep = Exp.Lanes(before - larger);
        Vector512<float> gain = Exp.Lanes(here - larger);
        var total = Vector512.Load(scratch.Total + first);
        var joined = Vector512.FusedMultiplyAdd(total, keep, Vector512.Load(scratch.ChunkTotal) * gain);
        Vector512.ConditionalSelect(joins, joined, total).Store(scratch.Total + first);
        Vector512.ConditionalSelect(joins, larger, before).Store(scratch.Largest + first);
        keep.Store(scratch.Keep);
        gain.Store(scratch.Gain);
    }

    // Which value is the largest does not depend on the order of asking.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> lanes)
    {
        var eight = Vector256.MaxNative(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        var two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2)))[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Seen(AttentionQuery* query, int row)
        => (Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(query->From - row))
            & Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(query->To - row))).AsSingle();
}
