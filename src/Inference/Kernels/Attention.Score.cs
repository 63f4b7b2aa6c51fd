using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Queries times keys: a lane per key, ascending elements.</summary>
internal static unsafe partial class Attention
{
    // A tile that is not full takes its last query again, into rows that are nobody's.
    private static void Score(
        float* keys, int size, AttentionQuery* queries, int count, float* p, Ahead ahead)
    {
        for (int i = 0; i < count; i += Together, queries += Together, p += Together * Chunk)
        {
            int last = Math.Min(Together, count - i) - 1;

            if (last == 0)
            {
                ScoreOne(keys, size, queries->Query, p, ahead);
            }
            else
            {
                ScoreFour(
                    keys,
                    size,
                    queries[0].Query,
                    queries[1].Query,
                    queries[Math.Min(2, last)].Query,
                    queries[last].Query,
                    p,
                    ahead);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreFour(
        float* keys, int size, float* q0, float* q1, float* q2, float* q3, float* p, Ahead ahead)
    {
        long tile = (long)size * Tile;
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

        for (int d = 0; d < size; d++, keys += Tile)
        {
            ahead.Ask(d);
            var k0 = Vector512.Load(keys);
            var k1 = Vector512.Load(keys + tile);
            var k2 = Vector512.Load(keys + (2 * tile));
            var k3 = Vector512.Load(keys + (3 * tile));
            var q = Vector512.Create(q0[d]);
            s00 = Vector512.FusedMultiplyAdd(q, k0, s00);
            s01 = Vector512.FusedMultiplyAdd(q, k1, s01);
            s02 = Vector512.FusedMultiplyAdd(q, k2, s02);
            s03 = Vector512.FusedMultiplyAdd(q, k3, s03);
            q = Vector512.Create(q1[d]);
            s10 = Vector512.FusedMultiplyAdd(q, k0, s10);
            s11 = Vector512.FusedMultiplyAdd(q, k1, s11);
            s12 = Vector512.FusedMultiplyAdd(q, k2, s12);
            s13 = Vector512.FusedMultiplyAdd(q, k3, s13);
            q = Vector512.Create(q2[d]);
            s20 = Vector512.FusedMultiplyAdd(q, k0, s20);
            s21 = Vector512.FusedMultiplyAdd(q, k1, s21);
            s22 = Vector512.FusedMultiplyAdd(q, k2, s22);
            s23 = Vector512.FusedMultiplyAdd(q, k3, s23);
            q = Vector512.Create(q3[d]);
            s30 = Vector512.FusedMultiplyAdd(q, k0, s30);
            s31 = Vector512.FusedMultiplyAdd(q, k1, s31);
            s32 = Vector512.FusedMultiplyAdd(q, k2, s32);
            s33 = Vector512.FusedMultiplyAdd(q, k3, s33);
        }

        Store(p, s00, s01, s02, s03);
        Store(p + Chunk, s10, s11, s12, s13);
        Store(p + (2 * Chunk), s20, s21, s22, s23);
        Store(p + (3 * Chunk), s30, s31, s32, s33);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreOne(float* keys, int size, float* query, float* p, Ahead ahead)
    {
        long tile = (long)size * Tile;
        Vector512<float> s0 = Vector512<float>.Zero;
        Vector512<float> s1 = Vector512<float>.Zero;
        Vector512<float> s2 = Vector512<float>.Zero;
        Vector512<float> s3 = Vector512<float>.Zero;

        for (int d = 0; d < size; d++, keys += Tile)
        {
            ahead.Ask(d);
            var q = Vector512.Create(query[d]);
            s0 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys), s0);
            s1 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys + tile), s1);
            s2 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys + (2 * tile)), s2);
            s3 = Vector512.FusedMultiplyAdd(q, Vector512.Load(keys + (3 * tile)), s3);
        }

        Store(p, s0, s1, s2, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        float* target, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3)
    {
        v0.Store(target);
        v1.Store(target + Tile);
        v2.Store(target + (2 * Tile));
        v3.Store(target + (3 * Tile));
    }
}
