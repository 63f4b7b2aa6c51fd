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
        int end = 0;
        new Span<float>(scratch.Sums, count * padded).Clear();

        for (int i = 0; i < count; i++)
        {
            scratch.Total[i] = queries[i].Sink is null ? 0 : 1;
            scratch.Largest[i] = queries[i].Sink ?? float.NegativeInfinity;
            begin = Math.Min(begin, spec.First(queries[i].Count));
            end = Math.Max(end, queries[i].Count);
        }

        for (int first = begin / Chunk * Chunk; first < end; first += Chunk)
        {
            int next = Math.Min((first / Chunk) + 1, (end - 1) / Chunk);
            var chunk = new KvChunk(head.Keys(first / Chunk), head.Values(first / Chunk))
            {
                NextKeys = new Ahead(head.Keys(next), (nint)head.Format.KeyBytes(spec.KeySize) / spec.KeySize),
                NextValues = new Ahead(head.Values(next), (nint)head.Format.ValueBytes(spec.ValueSize) / padded),
            };

            for (int i = 0; i < count; i++)
            {
                queries[i].Enter(spec, first);
            }

            head.Format.Fold(spec, chunk, queries, count, scratch);
        }

        for (int i = 0; i < count; i++)
        {
            for (int d = 0; d < spec.ValueSize; d++)
            {
                queries[i].Output[d] = scratch.Sums[(i * padded) + d] / scratch.Total[i];
            }
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
            Score<TFormat>(spec, chunk.Keys, queries + first, some, scratch, first == 0 ? chunk.NextKeys : default);
            Weigh(spec, queries + first, some, scratch, first);
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
