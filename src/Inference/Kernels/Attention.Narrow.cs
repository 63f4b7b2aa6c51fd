using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// The same for processors whose vectors are narrower than sixteen floats: their registers hold the sums of one tile,
/// not of four.
/// </summary>
internal static unsafe partial class Attention
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreNarrow<TFormat>(
        byte* keys, in AttentionSpec spec, float* queries, float* p, float* largest, Ahead ahead)
        where TFormat : struct, IFloatFormat
    {
        var scale = Vector512.Create(spec.Scale);

        for (int row = 0; row < Chunk; row += Tile, ahead = default)
        {
            float* four = queries;
            Vector512<float> s0 = Vector512<float>.Zero;
            Vector512<float> s1 = Vector512<float>.Zero;
            Vector512<float> s2 = Vector512<float>.Zero;
            Vector512<float> s3 = Vector512<float>.Zero;

            for (nint d = 0; d < spec.KeySize; d++, keys += Tile * TFormat.Size, four += Together)
            {
                ahead.Ask(d);
                Vector512<float> k = TFormat.Sixteen(keys);
                s0 = Vector512.FusedMultiplyAdd(Vector512.Create(four[0]), k, s0);
                s1 = Vector512.FusedMultiplyAdd(Vector512.Create(four[1]), k, s1);
                s2 = Vector512.FusedMultiplyAdd(Vector512.Create(four[2]), k, s2);
                s3 = Vector512.FusedMultiplyAdd(Vector512.Create(four[3]), k, s3);
            }

            (s0 * scale).Store(p + row);
            (s1 * scale).Store(p + Chunk + row);
            (s2 * scale).Store(p + (2 * Chunk) + row);
            (s3 * scale).Store(p + (3 * Chunk) + row);
        }

        for (int i = 0; i < Together; i++, p += Chunk)
        {
            Vector512.MaxNative(
                Vector512.MaxNative(Vector512.Load(p), Vector512.Load(p + Tile)),
                Vector512.MaxNative(Vector512.Load(p + (2 * Tile)), Vector512.Load(p + (3 * Tile))))
                .Store(largest + (i * Tile));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixNarrow<TFormat>(
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
        Vector512<float>* parts = stackalloc Vector512<float>[Together];
        nint row = (nint)padded * TFormat.Size;

        for (int d = 0; d < padded; d += Tile)
        {
            byte* value = values + (view.From * row) + (d * TFormat.Size);
            Vector512<float> o0 = Vector512<float>.Zero;
            Vector512<float> o1 = Vector512<float>.Zero;
            Vector512<float> o2 = Vector512<float>.Zero;
            Vector512<float> o3 = Vector512<float>.Zero;

            for (nint j = view.From; j < view.To; j++, value += row)
            {
                ahead.Ask(d + j);
                Vector512<float> v = TFormat.Sixteen(value);
                o0 = Vector512.FusedMultiplyAdd(Vector512.Create(p[j]), v, o0);
                o1 = Vector512.FusedMultiplyAdd(Vector512.Create(p[j + Chunk]), v, o1);
                o2 = Vector512.FusedMultiplyAdd(Vector512.Create(p[j + (2 * Chunk)]), v, o2);
                o3 = Vector512.FusedMultiplyAdd(Vector512.Create(p[j + (3 * Chunk)]), v, o3);
            }

            (parts[0], parts[1], parts[2], parts[3]) = (o0, o1, o2, o3);

            for (int i = 0; i < count; i++)
            {
                float* target = sums + (i * padded) + d;
                Vector512<float> part = parts[i] * Vector512.Create(scratch.Gain[index + i]);
                var keep = Vector512.Create(scratch.Keep[index + i]);
                Vector512.FusedMultiplyAdd(Vector512.Load(target), keep, part).Store(target);
            }
        }
    }
}
