using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Scores become weights, pass by pass over all queries: one query's steps wait for each other.</summary>
internal static unsafe partial class Attention
{
    private static void Weigh(
        in AttentionSpec spec, AttentionQuery* queries, int count, bool whole, AttentionScratch scratch, int first)
    {
        float* p = scratch.Scores;
        float* lanes = scratch.Lanes;

        if (!whole || spec.Softcap != 0)
        {
            for (int i = 0; i < count; i++)
            {
                Confine(spec, queries + i, p + (i * Chunk), lanes + (i * Tile));
            }
        }

        LaneTree.Largest(lanes, scratch.ChunkLargest);
        Raise(p, scratch.ChunkLargest, count, lanes);
        LaneTree.Sum(lanes, scratch.ChunkTotal);
        Join(whole ? Vector512<float>.AllBitsSet : Joining(queries, count), scratch, first);
    }

    // Scores become weights; those of each query are summed by lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Raise(float* p, float* largest, int count, float* lanes)
    {
        for (int i = 0; i < count; i++, p += Chunk, lanes += Tile)
        {
            var most = Vector512.Create(largest[i]);
            Vector512<float> p0 = Vector512.Load(p) - most;
            Vector512<float> p1 = Vector512.Load(p + Tile) - most;
            Vector512<float> p2 = Vector512.Load(p + (2 * Tile)) - most;
            Vector512<float> p3 = Vector512.Load(p + (3 * Tile)) - most;
            Exp.Lanes(ref p0, ref p1, ref p2, ref p3);
            p0.Store(p);
            p1.Store(p + Tile);
            p2.Store(p + (2 * Tile));
            p3.Store(p + (3 * Tile));
            (p0 + p1 + p2 + p3).Store(lanes);
        }
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

    // The queries that see some of the chunk.
    private static Vector512<float> Joining(AttentionQuery* queries, int count)
    {
        int* sees = stackalloc int[Batch];

        for (int i = 0; i < Batch; i++)
        {
            sees[i] = i < count && queries[i].Sees ? -1 : 0;
        }

        return Vector512.Load(sees).AsSingle();
    }

    // Takes the chunk's largest scores and sums into the totals, a lane per query.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join(Vector512<float> joins, AttentionScratch scratch, int first)
    {
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Seen(AttentionQuery* query, int row)
        => (Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(query->From - row))
            & Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(query->To - row))).AsSingle();
}
