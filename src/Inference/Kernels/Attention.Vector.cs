using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// The same with vectors: a chunk becomes floats once for all queries, scores have one lane per key, mixes one lane per
/// element. Four queries at a time share what is loaded; alone each would compute the same.
/// </summary>
internal static unsafe partial class Attention
{
    /// <summary>Queries that share what is loaded.</summary>
    public const int Together = 4;

    /// <summary>Queries that are weighed together.</summary>
    public const int Batch = 16;

    /// <summary>At most <see cref="QueriesMax"/> queries of heads that share keys and values.</summary>
    public static void Vector(
        in KvHead head, in AttentionSpec spec, AttentionQuery* queries, int count, AttentionScratch scratch)
    {
        int padded = Padded(spec.ValueSize);
        int begin = int.MaxValue;
        int least = int.MaxValue;
        int end = 0;
        bool whole = false;
        new Span<float>(scratch.Sums, count * padded).Clear();

        for (int i = 0; i < count; i++)
        {
            scratch.Total[i] = queries[i].Sink is null ? 0 : 1;
            scratch.Largest[i] = queries[i].Sink ?? float.NegativeInfinity;
            begin = Math.Min(begin, spec.First(queries[i].Count));
            least = Math.Min(least, queries[i].Count);
            end = Math.Max(end, queries[i].Count);
        }

        Interleave(queries, count, spec.KeySize, scratch.Queries);

        for (int first = begin / Chunk * Chunk; first < end; first += Chunk)
        {
            bool same = whole;
            whole = first >= spec.First(end) && first + Chunk <= least;
            int next = Math.Min((first / Chunk) + 1, (end - 1) / Chunk);
            var chunk = new KvChunk(head.Keys(first / Chunk), head.Values(first / Chunk))
            {
                Whole = whole,
                NextKeys = new Ahead(head.Keys(next), (nint)head.Format.KeyBytes(spec.KeySize) / spec.KeySize),
                NextValues = new Ahead(head.Values(next), (nint)head.Format.ValueBytes(spec.ValueSize) / padded),
            };

            for (int i = 0; i < count && !(same && whole); i++)
            {
                queries[i].Enter(spec, first);
            }

            head.Format.Fold(spec, chunk, queries, count, scratch);
        }

        for (int i = 0; i < count; i++)
        {
            Finish(scratch.Sums + (i * padded), scratch.Total[i], queries[i].Output, spec.ValueSize);
        }
    }

    // Queries lie far apart, often at distances that crowd the same sets of the cache; side by side they do not.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave(AttentionQuery* queries, int count, int size, float* target)
    {
        for (int i = 0; i < count; i += Together, target += Together * size)
        {
            float* q0 = queries[i].Query;
            float* q1 = queries[Math.Min(i + 1, count - 1)].Query;
            float* q2 = queries[Math.Min(i + 2, count - 1)].Query;
            float* q3 = queries[Math.Min(i + 3, count - 1)].Query;

            for (int d = 0; d < size; d++)
            {
                float* four = target + (d * Together);
                (four[0], four[1], four[2], four[3]) = (q0[d], q1[d], q2[d], q3[d]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish(float* sums, float total, float* output, int size)
    {
        int d = 0;

        for (; d <= size - Tile; d += Tile)
        {
            (Vector512.Load(sums + d) / Vector512.Create(total)).Store(output + d);
        }

        for (; d < size; d++)
        {
            output[d] = sums[d] / total;
        }
    }

    /// <summary>
    /// Folds a chunk into the sums of the queries that see some of it. Some queries at a time go through, so that their
    /// scores stay in the nearest cache beside keys and values; the first ask for what comes next.
    /// </summary>
    public static void Fold<TFormat>(
        in AttentionSpec spec, in KvChunk chunk, AttentionQuery* queries, int count, AttentionScratch scratch)
        where TFormat : struct, IFloatFormat
    {
        for (int first = 0; first < count; first += Batch)
        {
            int some = Math.Min(Batch, count - first);
            Score<TFormat>(
                spec,
                chunk.Keys,
                scratch.Queries + (first * spec.KeySize),
                some,
                scratch,
                first == 0 ? chunk.NextKeys : default);
            Weigh(spec, queries + first, some, chunk.Whole, scratch, first);
            Mix<TFormat>(
                spec,
                chunk.Values,
                queries + first,
                some,
                scratch,
                scratch.Sums + (first * Padded(spec.ValueSize)),
                first == 0 ? chunk.NextValues : default);
        }
    }
}
