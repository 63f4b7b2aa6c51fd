using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Queries times keys: a lane per key, ascending elements.</summary>
internal static unsafe partial class Attention
{
    /// <summary>
    /// A row of scores for each query, and the largest of every sixteenth of it. The first queries ask for what comes
    /// next. A tile that is not full has its last query again, into rows that are nobody's.
    /// </summary>
    private static void Score<TFormat>(
        in AttentionSpec spec, byte* keys, float* queries, int count, AttentionScratch scratch, Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        float* p = scratch.Scores;
        float* largest = scratch.Lanes;

        for (int i = 0; i < count; i += Together)
        {
            if (count - i == 1)
            {
                ScoreOne<TFormat>(keys, spec, queries, p, largest, ahead);
            }
            else if (!Vector512.IsHardwareAccelerated)
            {
                ScoreNarrow<TFormat>(keys, spec, queries, p, largest, ahead);
            }
            else
            {
                ScoreFour<TFormat>(keys, spec, queries, p, largest, ahead);
            }

            queries += Together * spec.KeySize;
            p += Together * Chunk;
            largest += Together * Tile;
            ahead = default;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreFour<TFormat>(
        byte* keys, in AttentionSpec spec, float* four, float* p, float* largest, Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        int size = spec.KeySize;
        long tile = (long)size * Tile * TFormat.Size;
        Vector512<float> s00 = Vector512<float>.Zero;
        Vector512<float> s01 = Vector512<float>.Zero;
        Vector512<float> s02 = Vector512<float>.Zero;
        Vector512<float> s03 = Vector512<float>.Zero;
        Vector512<float> s10 = Vector512<float>.Zero;
        Vector512<float> s11 = Vector512<float>.Zero;
        Vector512<float> s12 = Vector512<float>.Zero;
        Vector512<float> s13 = Vector512<float>.Zero;
        Vector512<float> s20 = Vector512<float>.Zero;
        Vector512<float> s21 = Vector512<float>.Zero;
        Vector512<float> s22 = Vector512<float>.Zero;
        Vector512<float> s23 = Vector512<float>.Zero;
        Vector512<float> s30 = Vector512<float>.Zero;
        Vector512<float> s31 = Vector512<float>.Zero;
        Vector512<float> s32 = Vector512<float>.Zero;
        Vector512<float> s33 = Vector512<float>.Zero;

        for (nint d = 0; d < size; d++, keys += Tile * TFormat.Size, four += Together)
        {
            ahead.Ask(d);
            Vector512<float> k0 = TFormat.Sixteen(keys);
            Vector512<float> k1 = TFormat.Sixteen(keys + tile);
            Vector512<float> k2 = TFormat.Sixteen(keys + (2 * tile));
            Vector512<float> k3 = TFormat.Sixteen(keys + (3 * tile));
            var q = Vector512.Create(four[0]);
            s00 = Vector512.FusedMultiplyAdd(q, k0, s00);
            s01 = Vector512.FusedMultiplyAdd(q, k1, s01);
            s02 = Vector512.FusedMultiplyAdd(q, k2, s02);
            s03 = Vector512.FusedMultiplyAdd(q, k3, s03);
            q = Vector512.Create(four[1]);
            s10 = Vector512.FusedMultiplyAdd(q, k0, s10);
            s11 = Vector512.FusedMultiplyAdd(q, k1, s11);
            s12 = Vector512.FusedMultiplyAdd(q, k2, s12);
            s13 = Vector512.FusedMultiplyAdd(q, k3, s13);
            q = Vector512.Create(four[2]);
            s20 = Vector512.FusedMultiplyAdd(q, k0, s20);
            s21 = Vector512.FusedMultiplyAdd(q, k1, s21);
            s22 = Vector512.FusedMultiplyAdd(q, k2, s22);
            s23 = Vector512.FusedMultiplyAdd(q, k3, s23);
            q = Vector512.Create(four[3]);
            s30 = Vector512.FusedMultiplyAdd(q, k0, s30);
            s31 = Vector512.FusedMultiplyAdd(q, k1, s31);
            s32 = Vector512.FusedMultiplyAdd(q, k2, s32);
            s33 = Vector512.FusedMultiplyAdd(q, k3, s33);
        }

        var scale = Vector512.Create(spec.Scale);
        Scored(p, largest, scale, s00, s01, s02, s03);
        Scored(p + Chunk, largest + Tile, scale, s10, s11, s12, s13);
        Scored(p + (2 * Chunk), largest + (2 * Tile), scale, s20, s21, s22, s23);
        Scored(p + (3 * Chunk), largest + (3 * Tile), scale, s30, s31, s32, s33);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreOne<TFormat>(
        byte* keys, in AttentionSpec spec, float* four, float* p, float* largest, Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        int size = spec.KeySize;
        long tile = (long)size * Tile * TFormat.Size;
        Vector512<float> s0 = Vector512<float>.Zero;
        Vector512<float> s1 = Vector512<float>.Zero;
        Vector512<float> s2 = Vector512<float>.Zero;
        Vector512<float> s3 = Vector512<float>.Zero;

        for (nint d = 0; d < size; d++, keys += Tile * TFormat.Size, four += Together)
        {
            ahead.Ask(d);
            var q = Vector512.Create(*four);
            s0 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys), s0);
            s1 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys + tile), s1);
            s2 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys + (2 * tile)), s2);
            s3 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys + (3 * tile)), s3);
        }

        Scored(p, largest, Vector512.Create(spec.Scale), s0, s1, s2, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scored(
        float* p,
        float* largest,
        Vector512<float> scale,
        Vector512<float> s0,
        Vector512<float> s1,
        Vector512<float> s2,
        Vector512<float> s3)
    {
        (s0, s1, s2, s3) = (s0 * scale, s1 * scale, s2 * scale, s3 * scale);
        s0.Store(p);
        s1.Store(p + Tile);
        s2.Store(p + (2 * Tile));
        s3.Store(p + (3 * Tile));
        Vector512.MaxNative(Vector512.MaxNative(s0, s1), Vector512.MaxNative(s2, s3)).Store(largest);
    }
}
