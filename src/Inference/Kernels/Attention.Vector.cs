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
        float* p = scratch.Scores;
        float* sums = scratch.Sums;
        int begin = int.MaxValue;
        int end = 0;
        new Span<float>(sums, count * padded).Clear();

        for (int i = 0; i < count; i++)
        {
            queries[i].Begin();
            begin = Math.Min(begin, spec.First(queries[i].Count));
            end = Math.Max(end, queries[i].Count);
        }

        for (int first = begin / Chunk * Chunk; first < end; first += Chunk)
        {
            float* keys = head.Format.Keys(head.Keys(first / Chunk), spec.KeySize, scratch.Numbers, vectors: true);
            Score(keys, spec, first, queries, count, p);
            Weigh(spec, queries, count, p);
            float* values = head.Format.Values(
                head.Values(first / Chunk), spec.ValueSize, scratch.Numbers, vectors: true);
            Mix(values, padded, queries, count, p, sums);
        }

        for (int i = 0; i < count; i++)
        {
            for (int d = 0; d < spec.ValueSize; d++)
            {
                queries[i].Output[d] = sums[(i * padded) + d] / queries[i].Total;
            }
        }
    }

    // A tile that is not full takes its last query again, into rows that are nobody's.
    private static void Score(
        float* keys, in AttentionSpec spec, int first, AttentionQuery* queries, int count, float* p)
    {
        for (int i = 0; i < count; i += Together)
        {
            AttentionQuery* q = queries + i;
            int last = Math.Min(Together, count - i) - 1;
            bool any = false;

            for (int k = 0; k <= last; k++)
            {
                any |= q[k].Enter(spec, first);
            }

            if (any && last == 0)
            {
                ScoreOne(keys, spec.KeySize, q->Query, p + (i * Chunk));
            }
            else if (any)
            {
                ScoreFour(
                    keys,
                    spec.KeySize,
                    q[0].Query,
                    q[1].Query,
                    q[Math.Min(2, last)].Query,
                    q[last].Query,
                    p + (i * Chunk));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreFour(float* keys, int size, float* q0, float* q1, float* q2, float* q3, float* p)
    {
        long tile = (long)size * Tile;

        for (int j = 0; j < Chunk; j += 2 * Tile, keys += 2 * tile, p += 2 * Tile)
        {
            Vector512<float> s00 = Vector512<float>.Zero;
            Vector512<float> s01 = Vector512<float>.Zero;
            Vector512<float> s10 = Vector512<float>.Zero;
            Vector512<float> s11 = Vector512<float>.Zero;
            Vector512<float> s20 = Vector512<float>.Zero;
            Vector512<float> s21 = Vector512<float>.Zero;
            Vector512<float> s30 = Vector512<float>.Zero;
            Vector512<float> s31 = Vector512<float>.Zero;
            float* key = keys;

            for (int d = 0; d < size; d++, key += Tile)
            {
                var left = Vector512.Load(key);
                var right = Vector512.Load(key + tile);
                var q = Vector512.Create(q0[d]);
                s00 = Vector512.FusedMultiplyAdd(q, left, s00);
                s01 = Vector512.FusedMultiplyAdd(q, right, s01);
                q = Vector512.Create(q1[d]);
                s10 = Vector512.FusedMultiplyAdd(q, left, s10);
                s11 = Vector512.FusedMultiplyAdd(q, right, s11);
                q = Vector512.Create(q2[d]);
                s20 = Vector512.FusedMultiplyAdd(q, left, s20);
                s21 = Vector512.FusedMultiplyAdd(q, right, s21);
                q = Vector512.Create(q3[d]);
                s30 = Vector512.FusedMultiplyAdd(q, left, s30);
                s31 = Vector512.FusedMultiplyAdd(q, right, s31);
            }

            s00.Store(p);
            s01.Store(p + Tile);
            s10.Store(p + Chunk);
            s11.Store(p + Chunk + Tile);
            s20.Store(p + (2 * Chunk));
            s21.Store(p + (2 * Chunk) + Tile);
            s30.Store(p + (3 * Chunk));
            s31.Store(p + (3 * Chunk) + Tile);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreOne(float* keys, int size, float* query, float* p)
    {
        long tile = (long)size * Tile;
        Vector512<float> s0 = Vector512<float>.Zero;
        Vector512<float> s1 = Vector512<float>.Zero;
        Vector512<float> s2 = Vector512<float>.Zero;
        Vector512<float> s3 = Vector512<float>.Zero;

        for (int d = 0; d < size; d++, keys += Tile)
        {
            var q = Vector512.Create(query[d]);
            s0 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys), s0);
            s1 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys + tile), s1);
            s2 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys + (2 * tile)), s2);
            s3 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys + (3 * tile)), s3);
        }

        s0.Store(p);
        s1.Store(p + Tile);
        s2.Store(p + (2 * Tile));
        s3.Store(p + (3 * Tile));
    }

    // Raw scores become weights, those of rows outside a query's view zero.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(in AttentionSpec spec, AttentionQuery* queries, int count, float* p)
    {
        var scale = Vector512.Create(spec.Scale);
        var cap = Vector512.Create(spec.Softcap);
        var nothing = Vector512.Create(float.NegativeInfinity);

        for (int i = 0; i < count; i++, p += Chunk)
        {
            AttentionQuery* query = queries + i;

            if (query->From >= query->To)
            {
                continue;
            }

            Vector512<float> most = nothing;

            for (int j = 0; j < Chunk; j += Tile)
            {
                Vector512<float> score = Vector512.Load(p + j) * scale;
                score = spec.Softcap == 0 ? score : cap * Tanh.Lanes(score / cap);
                score = Vector512.ConditionalSelect(Seen(query, j), score, nothing);
                most = Vector512.MaxNative(most, score);
                score.Store(p + j);
            }

            float largest = Largest(most);
            var subtrahend = Vector512.Create(largest);
            Vector512<float> lanes = Vector512<float>.Zero;

            for (int j = 0; j < Chunk; j += Tile)
            {
                Vector512<float> power = Exp.Lanes(Vector512.Load(p + j) - subtrahend);
                power.Store(p + j);
                lanes += power;
            }

            query->Join(largest, LaneSum.Vector(lanes));
        }
    }

    private static void Mix(float* values, int padded, AttentionQuery* queries, int count, float* p, float* sums)
    {
        for (int i = 0; i < count; i += Together)
        {
            AttentionQuery* q = queries + i;
            int last = Math.Min(Together, count - i) - 1;
            bool alike = last > 0;

            for (int k = 1; k <= last; k++)
            {
                alike &= q[k].From == q[0].From && q[k].To == q[0].To;
            }

            if (alike && q->From < q->To)
            {
                MixFour(values, padded, q, last, p + (i * Chunk), sums + (i * padded));
                continue;
            }

            for (int k = 0; k <= last; k++)
            {
                if (q[k].From < q[k].To)
                {
                    MixOne(values, padded, q + k, p + ((i + k) * Chunk), sums + ((i + k) * padded));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixFour(float* values, int padded, AttentionQuery* queries, int last, float* p, float* sums)
    {
        int from = queries->From;
        int to = queries->To;

        for (int d = 0; d < padded; d += 2 * Tile)
        {
            // Beyond an odd end the same sixteen elements are computed twice, and once kept.
            int other = d + Tile < padded ? Tile : 0;
            float* value = values + ((long)from * padded) + d;
            Vector512<float> o00 = Vector512<float>.Zero;
            Vector512<float> o01 = Vector512<float>.Zero;
            Vector512<float> o10 = Vector512<float>.Zero;
            Vector512<float> o11 = Vector512<float>.Zero;
            Vector512<float> o20 = Vector512<float>.Zero;
            Vector512<float> o21 = Vector512<float>.Zero;
            Vector512<float> o30 = Vector512<float>.Zero;
            Vector512<float> o31 = Vector512<float>.Zero;

            for (int j = from; j < to; j++, value += padded)
            {
                var left = Vector512.Load(value);
                var right = Vector512.Load(value + other);
                var weight = Vector512.Create(p[j]);
                o00 = Vector512.FusedMultiplyAdd(weight, left, o00);
                o01 = Vector512.FusedMultiplyAdd(weight, right, o01);
                weight = Vector512.Create(p[j + Chunk]);
                o10 = Vector512.FusedMultiplyAdd(weight, left, o10);
                o11 = Vector512.FusedMultiplyAdd(weight, right, o11);
                weight = Vector512.Create(p[j + (2 * Chunk)]);
                o20 = Vector512.FusedMultiplyAdd(weight, left, o20);
                o21 = Vector512.FusedMultiplyAdd(weight, right, o21);
                weight = Vector512.Create(p[j + (3 * Chunk)]);
                o30 = Vector512.FusedMultiplyAdd(weight, left, o30);
                o31 = Vector512.FusedMultiplyAdd(weight, right, o31);
            }

            Fold(queries, sums + d, other, o00, o01);
            Fold(queries + 1, sums + padded + d, other, o10, o11);

            if (last > 1)
            {
                Fold(queries + 2, sums + (2 * padded) + d, other, o20, o21);
            }

            if (last > 2)
            {
                Fold(queries + 3, sums + (3 * padded) + d, other, o30, o31);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixOne(float* values, int padded, AttentionQuery* query, float* p, float* sums)
    {
        for (int d = 0; d < padded; d += 4 * Tile)
        {
            int second = Math.Min(Tile, padded - Tile - d);
            int third = Math.Min(2 * Tile, padded - Tile - d);
            int fourth = Math.Min(3 * Tile, padded - Tile - d);
            float* value = values + ((long)query->From * padded) + d;
            Vector512<float> o0 = Vector512<float>.Zero;
            Vector512<float> o1 = Vector512<float>.Zero;
            Vector512<float> o2 = Vector512<float>.Zero;
            Vector512<float> o3 = Vector512<float>.Zero;

            for (int j = query->From; j < query->To; j++, value += padded)
            {
                var weight = Vector512.Create(p[j]);
                o0 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value), o0);
                o1 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value + second), o1);
                o2 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value + third), o2);
                o3 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value + fourth), o3);
            }

            // All are folded before any is stored: at an odd end some are the same.
            (o0, o1) = (Folded(query, sums + d, o0), Folded(query, sums + d + second, o1));
            (o2, o3) = (Folded(query, sums + d + third, o2), Folded(query, sums + d + fourth, o3));
            o0.Store(sums + d);
            o1.Store(sums + d + second);
            o2.Store(sums + d + third);
            o3.Store(sums + d + fourth);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold(
        AttentionQuery* query, float* sums, int other, Vector512<float> left, Vector512<float> right)
    {
        left = Folded(query, sums, left);
        right = Folded(query, sums + other, right);
        left.Store(sums);
        right.Store(sums + other);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Folded(AttentionQuery* query, float* sums, Vector512<float> part)
        => Vector512.FusedMultiplyAdd(
            Vector512.Load(sums), Vector512.Create(query->Keep), part * Vector512.Create(query->Gain));

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
