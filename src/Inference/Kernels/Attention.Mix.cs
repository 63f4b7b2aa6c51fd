using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Weights times values: a lane per element, ascending positions; then the fold into the sums.</summary>
internal static unsafe partial class Attention
{
    /// <summary>
    /// Folds a chunk's values into the sums of the queries that see some. Queries that see the same go together; the
    /// first ask for what comes next.
    /// </summary>
    private static void Mix<TFormat>(
        in AttentionSpec spec,
        byte* values,
        AttentionQuery* queries,
        int count,
        AttentionScratch scratch,
        float* sums,
        Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        int padded = Padded(spec.ValueSize);
        int alike;

        for (int i = 0; i < count; i += alike)
        {
            alike = Alike(queries + i, Math.Min(Together, count - i));

            if (queries[i].Sees)
            {
                if (alike == 1)
                {
                    MixOne<TFormat>(values, padded, queries[i], scratch, i, sums + (i * padded), ahead);
                }
                else if (!Vector512.IsHardwareAccelerated)
                {
                    MixNarrow<TFormat>(values, padded, queries[i], alike, scratch, i, sums + (i * padded), ahead);
                }
                else
                {
                    MixFour<TFormat>(values, padded, queries[i], alike, scratch, i, sums + (i * padded), ahead);
                }

                ahead = default;
            }
        }
    }

    // How many of the queries, from the first on, see the same of the chunk.
    private static int Alike(AttentionQuery* queries, int most)
    {
        int count = 1;

        while (count < most && queries[count].From == queries->From && queries[count].To == queries->To)
        {
            count++;
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixFour<TFormat>(
        byte* values,
        int padded,
        in AttentionQuery view,
        int count,
        AttentionScratch scratch,
        int index,
        float* sums,
        Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        float* p = scratch.Scores + (index * Chunk);
        nint row = (nint)padded * TFormat.Size;
        nint to = view.To;

        for (int d = 0; d < padded; d += 4 * Tile)
        {
            // Of a row that ends earlier the last sixteen elements are computed again, to the same results.
            nint second = Math.Min(Tile, padded - Tile - d);
            nint third = Math.Min(2 * Tile, padded - Tile - d);
            nint fourth = Math.Min(3 * Tile, padded - Tile - d);
            byte* value = values + (view.From * row) + (d * TFormat.Size);
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

            for (nint j = view.From; j < to; j++, value += row)
            {
                ahead.Ask(d + j);
                Vector512<float> v0 = TFormat.Sixteen(value);
                Vector512<float> v1 = TFormat.Sixteen(value + (second * TFormat.Size));
                Vector512<float> v2 = TFormat.Sixteen(value + (third * TFormat.Size));
                Vector512<float> v3 = TFormat.Sixteen(value + (fourth * TFormat.Size));
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

            float* target = sums + d;
            Fold(scratch, index, target, second, third, fourth, o00, o01, o02, o03);
            Fold(scratch, index + 1, target + padded, second, third, fourth, o10, o11, o12, o13);

            if (count > 2)
            {
                Fold(scratch, index + 2, target + (2 * padded), second, third, fourth, o20, o21, o22, o23);
            }

            if (count > 3)
            {
                Fold(scratch, index + 3, target + (3 * padded), second, third, fourth, o30, o31, o32, o33);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixOne<TFormat>(
        byte* values,
        int padded,
        in AttentionQuery view,
        AttentionScratch scratch,
        int index,
        float* sums,
        Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        float* p = scratch.Scores + (index * Chunk);
        nint row = (nint)padded * TFormat.Size;

        for (int d = 0; d < padded; d += 4 * Tile)
        {
            nint second = Math.Min(Tile, padded - Tile - d);
            nint third = Math.Min(2 * Tile, padded - Tile - d);
            nint fourth = Math.Min(3 * Tile, padded - Tile - d);
            byte* value = values + (view.From * row) + (d * TFormat.Size);
            Vector512<float> o0 = Vector512<float>.Zero;
            Vector512<float> o1 = Vector512<float>.Zero;
            Vector512<float> o2 = Vector512<float>.Zero;
            Vector512<float> o3 = Vector512<float>.Zero;

            for (nint j = view.From; j < view.To; j++, value += row)
            {
                ahead.Ask(d + j);
                var weight = Vector512.Create(p[j]);
                o0 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(value), o0);
                o1 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(value + (second * TFormat.Size)), o1);
                o2 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(value + (third * TFormat.Size)), o2);
                o3 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(value + (fourth * TFormat.Size)), o3);
            }

            Fold(scratch, index, sums + d, second, third, fourth, o0, o1, o2, o3);
        }
    }

    // All are folded before any is stored: at the end of a row some are the same.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold(
        AttentionScratch scratch,
        int index,
        float* sums,
        nint second,
        nint third,
        nint fourth,
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
