using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// One query over the keys and values of one head. Positions are taken in chunks of 64 that begin at multiples of 64;
/// each chunk is reduced from nothing, then folded into the result in ascending order, so that nothing depends on how
/// many positions were computed together. Keys beyond the query's position or before its window are skipped.
/// </summary>
/// <remarks>
/// Of a chunk: score = (Σ q·k, ascending, fused) · scale, one lane per key, then c · tanh(score / c) where there is a
/// softcap; m = the largest; p = e^(score - m); l = Σ p by lanes, position j in lane j mod 16; o = Σ p·v, ascending,
/// fused. Folding rescales both sides to the larger m: l = fma(l, a, l'·b), o = fma(o, a, o'·b). It begins with
/// m = -∞, l = 0, or, where the head has a sink, with m = sink, l = 1. Keys lie in tiles of 16 positions, element after
/// element; a value's elements lie together, filled up to a multiple of 16.
/// </remarks>
internal static unsafe class Attention
{
    public const int Chunk = 64;
    public const int Tile = 16;

    /// <summary>The most elements a value may have: chunks are reduced on the stack.</summary>
    public const int ValueSizeMax = 4096;

    /// <summary>How many elements a value of this size takes.</summary>
    public static int Padded(int valueSize) => (valueSize + Tile - 1) / Tile * Tile;

    /// <summary>The specification.</summary>
    public static void Scalar<TFormat>(in AttentionHead head, float* query, int count, float* output)
        where TFormat : struct, IFloatFormat
    {
        int padded = Padded(head.ValueSize);
        float* p = stackalloc float[Chunk];
        float* lanes = stackalloc float[LaneSum.Lanes];
        float* part = stackalloc float[padded];
        new Span<float>(output, head.ValueSize).Clear();
        float total = head.Sink is null ? 0 : 1;
        float largest = head.Sink ?? float.NegativeInfinity;
        int begin = head.Spec.First(count);

        for (int first = begin / Chunk * Chunk; first < count; first += Chunk)
        {
            int from = Math.Max(0, begin - first);
            int n = Math.Min(Chunk, count - first);
            float m = float.NegativeInfinity;

            for (int j = from; j < n; j++)
            {
                byte* key = head.Key<TFormat>(first + j);
                float score = 0;

                for (int d = 0; d < head.KeySize; d++)
                {
                    score = MathF.FusedMultiplyAdd(query[d], TFormat.One(key + (d * Tile * TFormat.Size)), score);
                }

                p[j] = score * head.Spec.Scale;

                if (head.Spec.Softcap != 0)
                {
                    p[j] = head.Spec.Softcap * Tanh.Scalar(p[j] / head.Spec.Softcap);
                }

                m = MathF.Max(m, p[j]);
            }

            new Span<float>(lanes, LaneSum.Lanes).Clear();
            new Span<float>(part, padded).Clear();

            for (int j = from; j < n; j++)
            {
                p[j] = Exp.Scalar(p[j] - m);
                lanes[j % LaneSum.Lanes] += p[j];
                byte* value = head.Value<TFormat>(first + j);

                for (int d = 0; d < head.ValueSize; d++)
                {
                    part[d] = MathF.FusedMultiplyAdd(p[j], TFormat.One(value + (d * TFormat.Size)), part[d]);
                }
            }

            float larger = MathF.Max(largest, m);
            float a = Exp.Scalar(largest - larger);
            float b = Exp.Scalar(m - larger);
            largest = larger;
            total = MathF.FusedMultiplyAdd(total, a, LaneSum.Scalar(lanes) * b);

            for (int d = 0; d < head.ValueSize; d++)
            {
                output[d] = MathF.FusedMultiplyAdd(output[d], a, part[d] * b);
            }
        }

        for (int d = 0; d < head.ValueSize; d++)
        {
            output[d] /= total;
        }
    }

    /// <summary>One lane per key for the scores, one lane per element for the values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Vector<TFormat>(in AttentionHead head, float* query, int count, float* output)
        where TFormat : struct, IFloatFormat
    {
        int padded = Padded(head.ValueSize);
        float* p = stackalloc float[Chunk];
        float* sum = stackalloc float[padded];
        float total = head.Sink is null ? 0 : 1;
        float largest = head.Sink ?? float.NegativeInfinity;
        int begin = head.Spec.First(count);
        new Span<float>(sum, padded).Clear();

        for (int first = begin / Chunk * Chunk; first < count; first += Chunk)
        {
            int from = Math.Max(0, begin - first);
            int n = Math.Min(Chunk, count - first);
            float m = Scores<TFormat>(head, query, first, from, n, p);
            Vector512<float> lanes = Vector512<float>.Zero;

            for (int j = 0; j < n; j += Tile)
            {
                Vector512<float> power = Exp.Lanes(Vector512.Load(p + j) - Vector512.Create(m));
                power = Vector512.ConditionalSelect(Between(from - j, n - j), power, Vector512<float>.Zero);
                power.Store(p + j);
                lanes += power;
            }

            float larger = MathF.Max(largest, m);
            float a = Exp.Scalar(largest - larger);
            float b = Exp.Scalar(m - larger);
            largest = larger;
            total = MathF.FusedMultiplyAdd(total, a, LaneSum.Vector(lanes) * b);
            Fold<TFormat>(head, first + from, n - from, p + from, a, b, sum, padded);
        }

        for (int d = 0; d < head.ValueSize; d++)
        {
            output[d] = sum[d] / total;
        }
    }

    // Four tiles at once: a chunk's memory is there to its end, and lanes outside from .. n are left out later.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scores<TFormat>(
        in AttentionHead head, float* query, int first, int from, int n, float* scores)
        where TFormat : struct, IFloatFormat
    {
        byte* keys = head.Key<TFormat>(first);
        int tileBytes = head.KeySize * Tile * TFormat.Size;
        Vector512<float> s0 = Vector512<float>.Zero;
        Vector512<float> s1 = Vector512<float>.Zero;
        Vector512<float> s2 = Vector512<float>.Zero;
        Vector512<float> s3 = Vector512<float>.Zero;

        for (int d = 0; d < head.KeySize; d++)
        {
            var q = Vector512.Create(query[d]);
            s0 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys), s0);
            s1 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys + tileBytes), s1);
            s2 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys + (2 * tileBytes)), s2);
            s3 = Vector512.FusedMultiplyAdd(q, TFormat.Sixteen(keys + (3 * tileBytes)), s3);
            keys += Tile * TFormat.Size;
        }

        var scale = Vector512.Create(head.Spec.Scale);
        (s0 * scale).Store(scores);
        (s1 * scale).Store(scores + Tile);
        (s2 * scale).Store(scores + (2 * Tile));
        (s3 * scale).Store(scores + (3 * Tile));

        if (head.Spec.Softcap != 0)
        {
            var cap = Vector512.Create(head.Spec.Softcap);

            for (int j = 0; j < Chunk; j += Tile)
            {
                (cap * Tanh.Lanes(Vector512.Load(scores + j) / cap)).Store(scores + j);
            }
        }

        float largest = float.NegativeInfinity;

        for (int j = from; j < n; j++)
        {
            largest = MathF.Max(largest, scores[j]);
        }

        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold<TFormat>(
        in AttentionHead head, int first, int n, float* p, float a, float b, float* sum, int padded)
        where TFormat : struct, IFloatFormat
    {
        int rowBytes = padded * TFormat.Size;
        var olds = Vector512.Create(a);
        var news = Vector512.Create(b);
        int d = 0;

        for (; d + (4 * Tile) <= padded; d += 4 * Tile)
        {
            byte* values = head.Value<TFormat>(first) + (d * TFormat.Size);
            Vector512<float> o0 = Vector512<float>.Zero;
            Vector512<float> o1 = Vector512<float>.Zero;
            Vector512<float> o2 = Vector512<float>.Zero;
            Vector512<float> o3 = Vector512<float>.Zero;

            for (int j = 0; j < n; j++)
            {
                var weight = Vector512.Create(p[j]);
                o0 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(values), o0);
                o1 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(values + (Tile * TFormat.Size)), o1);
                o2 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(values + (2 * Tile * TFormat.Size)), o2);
                o3 = Vector512.FusedMultiplyAdd(weight, TFormat.Sixteen(values + (3 * Tile * TFormat.Size)), o3);
                values += rowBytes;
            }

            Rescale(sum + d, olds, o0 * news);
            Rescale(sum + d + Tile, olds, o1 * news);
            Rescale(sum + d + (2 * Tile), olds, o2 * news);
            Rescale(sum + d + (3 * Tile), olds, o3 * news);
        }

        for (; d < padded; d += Tile)
        {
            byte* values = head.Value<TFormat>(first) + (d * TFormat.Size);
            Vector512<float> o = Vector512<float>.Zero;

            for (int j = 0; j < n; j++)
            {
                o = Vector512.FusedMultiplyAdd(Vector512.Create(p[j]), TFormat.Sixteen(values), o);
                values += rowBytes;
            }

            Rescale(sum + d, olds, o * news);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rescale(float* sum, Vector512<float> old, Vector512<float> part)
        => Vector512.FusedMultiplyAdd(Vector512.Load(sum), old, part).Store(sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Between(int from, int n)
        => (Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(from))
            & Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(n))).AsSingle();
}
