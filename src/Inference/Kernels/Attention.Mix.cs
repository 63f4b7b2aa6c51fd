using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Weights times values: a lane per element, ascending positions; then the fold into the sums.</summary>
internal static unsafe partial class Attention
{
    private static void Mix(
        float* values, int padded, AttentionQuery* queries, int count, AttentionScratch scratch, Ahead ahead)
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

            if (alike && q->Sees)
            {
                MixFour(values, padded, q, last, scratch, i, ahead);
                continue;
            }

            for (int k = 0; k <= last; k++)
            {
                if (q[k].Sees)
                {
                    MixOne(values, padded, q + k, scratch, i + k, ahead);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixFour(
        float* values, int padded, AttentionQuery* queries, int last, AttentionScratch scratch, int first, Ahead ahead)
    {
        float* p = scratch.Scores + (first * Chunk);

        for (int d = 0; d < padded; d += 4 * Tile)
        {
            // Of a row that ends earlier the last sixteen elements are computed again, to the same results.
            int second = Math.Min(Tile, padded - Tile - d);
            int third = Math.Min(2 * Tile, padded - Tile - d);
            int fourth = Math.Min(3 * Tile, padded - Tile - d);
            float* value = values + ((long)queries->From * padded) + d;
            Vector512<float> o00 = Vector512<float>.Zero;
            Vector512<float> o01 = Vector512<float>.Zero;
            Vector512<float> o02 = Vector512<float>.Zero;
            Vector512<float> o03 = Vector512<float>.Zero;
            Vector512<float> o10 = Vector512<float>.Zero;
            Vector512<float> o11 = Vector512<float>.Zero;
            Vector512<float> o12 = Vector512<float>.Zero;
            Vector512<float> o13 = Vector512<float>.Zero;
            Vector512<float> o20 = Vector512<float>.Zero;
            Vector512<float> o21 = Vector512<float>.Zero;
            Vector512<float> o22 = Vector512<float>.Zero;
            Vector512<float> o23 = Vector512<float>.Zero;
            Vector512<float> o30 = Vector512<float>.Zero;
            Vector512<float> o31 = Vector512<float>.Zero;
            Vector512<float> o32 = Vector512<float>.Zero;
            Vector512<float> o33 = Vector512<float>.Zero;

            for (int j = queries->From; j < queries->To; j++, value += padded)
            {
                ahead.Ask(d + j);
                var v0 = Vector512.Load(value);
                var v1 = Vector512.Load(value + second);
                var v2 = Vector512.Load(value + third);
                var v3 = Vector512.Load(value + fourth);
                var weight = Vector512.Create(p[j]);
                o00 = Vector512.FusedMultiplyAdd(weight, v0, o00);
                o01 = Vector512.FusedMultiplyAdd(weight, v1, o01);
                o02 = Vector512.FusedMultiplyAdd(weight, v2, o02);
                o03 = Vector512.FusedMultiplyAdd(weight, v3, o03);
                weight = Vector512.Create(p[j + Chunk]);
                o10 = Vector512.FusedMultiplyAdd(weight, v0, o10);
                o11 = Vector512.FusedMultiplyAdd(weight, v1, o11);
                o12 = Vector512.FusedMultiplyAdd(weight, v2, o12);
                o13 = Vector512.FusedMultiplyAdd(weight, v3, o13);
                weight = Vector512.Create(p[j + (2 * Chunk)]);
                o20 = Vector512.FusedMultiplyAdd(weight, v0, o20);
                o21 = Vector512.FusedMultiplyAdd(weight, v1, o21);
                o22 = Vector512.FusedMultiplyAdd(weight, v2, o22);
                o23 = Vector512.FusedMultiplyAdd(weight, v3, o23);
                weight = Vector512.Create(p[j + (3 * Chunk)]);
                o30 = Vector512.FusedMultiplyAdd(weight, v0, o30);
                o31 = Vector512.FusedMultiplyAdd(weight, v1, o31);
                o32 = Vector512.FusedMultiplyAdd(weight, v2, o32);
                o33 = Vector512.FusedMultiplyAdd(weight, v3, o33);
            }

            float* sums = scratch.Sums + (first * padded) + d;
            Fold(scratch, first, sums, second, third, fourth, o00, o01, o02, o03);
            Fold(scratch, first + 1, sums + padded, second, third, fourth, o10, o11, o12, o13);

            if (last > 1)
            {
                Fold(scratch, first + 2, sums + (2 * padded), second, third, fourth, o20, o21, o22, o23);
            }

            if (last > 2)
            {
                Fold(scratch, first + 3, sums + (3 * padded), second, third, fourth, o30, o31, o32, o33);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixOne(
        float* values, int padded, AttentionQuery* query, AttentionScratch scratch, int index, Ahead ahead)
    {
        float* p = scratch.Scores + (index * Chunk);

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
                ahead.Ask(d + j);
                var weight = Vector512.Create(p[j]);
                o0 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value), o0);
                o1 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value + second), o1);
                o2 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value + third), o2);
                o3 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(value + fourth), o3);
            }

            float* sums = scratch.Sums + (index * padded) + d;
            Fold(scratch, index, sums, second, third, fourth, o0, o1, o2, o3);
        }
    }

    // All are folded before any is stored: at the end of a row some are the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold(
        AttentionScratch scratch,
        int index,
        float* sums,
        int second,
        int third,
        int fourth,
        Vector512<float> o0,
        Vector512<float> o1,
        Vector512<float> o2,
        Vector512<float> o3)
    {
        var keep = Vector512.Create(scratch.Keep[index]);
        var gain = Vector512.Create(scratch.Gain[index]);
        o0 = Vector512.FusedMultiplyAdd(Vector512.Load(sums), keep, o0 * gain);
        o1 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + second), keep, o1 * gain);
        o2 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + third), keep, o2 * gain);
        o3 = Vector512.FusedMultiplyAdd(Vector512.Load(sums + fourth), keep, o3 * gain);
        o0.Store(sums);
        o1.Store(sums + second);
        o2.Store(sums + third);
        o3.Store(sums + fourth);
    }
}
