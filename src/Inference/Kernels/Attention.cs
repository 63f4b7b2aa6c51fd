namespace Swarm.Inference.Kernels;

/// <summary>
/// Queries over the keys and values of one head. Positions are taken in chunks of 64 that begin at multiples of 64;
/// each chunk is reduced from nothing, then folded into the result in ascending order, so that nothing depends on how
/// many positions were computed together. Keys beyond the query's position or before its window are skipped.
/// </summary>
/// <remarks>
/// Of a chunk: score = (Σ q·k, ascending, fused) · scale, one lane per key, then c · tanh(score / c) where there is a
/// softcap; m = the largest; p = e^(score - m); l = Σ p by lanes, position j in lane j mod 16; o = Σ p·v, ascending,
/// fused. Folding rescales both sides to the larger m: l = fma(l, a, l'·b), o = fma(o, a, o'·b). It begins with
/// m = -∞, l = 0, or, where the head has a sink, with m = sink, l = 1.
/// </remarks>
internal static unsafe partial class Attention
{
    public const int Chunk = 64;
    public const int Tile = 16;

    /// <summary>The most queries that a chunk becomes floats for once.</summary>
    public const int QueriesMax = 128;

    /// <summary>How many elements a value of this size takes.</summary>
    public static int Padded(int valueSize) => (valueSize + Tile - 1) / Tile * Tile;

    /// <summary>The specification: one query after the other.</summary>
    public static void Scalar(
        in KvHead head, in AttentionSpec spec, AttentionQuery* queries, int count, AttentionScratch scratch)
    {
        for (int i = 0; i < count; i++)
        {
            Scalar(head, spec, ref queries[i], scratch);
        }
    }

    private static void Scalar(
        in KvHead head, in AttentionSpec spec, ref AttentionQuery query, AttentionScratch scratch)
    {
        float* p = scratch.Scores;
        float* part = scratch.Sums;
        float* lanes = stackalloc float[LaneSum.Lanes];
        float total = query.Sink is null ? 0 : 1;
        float largest = query.Sink ?? float.NegativeInfinity;
        new Span<float>(query.Output, spec.ValueSize).Clear();

        for (int first = spec.First(query.Count) / Chunk * Chunk; first < query.Count; first += Chunk)
        {
            query.Enter(spec, first);
            float* keys = head.Format.Keys(head.Keys(first / Chunk), spec.KeySize, scratch.Keys, vectors: false);
            float m = float.NegativeInfinity;

            for (int j = query.From; j < query.To; j++)
            {
                float* key = keys + (j / Tile * Tile * spec.KeySize) + (j % Tile);
                float score = 0;

                for (int d = 0; d < spec.KeySize; d++)
                {
                    score = MathF.FusedMultiplyAdd(query.Query[d], key[d * Tile], score);
                }

                score *= spec.Scale;
                p[j] = spec.Softcap == 0 ? score : spec.Softcap * Tanh.Scalar(score / spec.Softcap);
                m = MathF.Max(m, p[j]);
            }

            float* values = head.Format.Values(
                head.Values(first / Chunk), spec.ValueSize, scratch.Values, vectors: false);
            new Span<float>(lanes, LaneSum.Lanes).Clear();
            new Span<float>(part, spec.ValueSize).Clear();

            for (int j = query.From; j < query.To; j++)
            {
                p[j] = Exp.Scalar(p[j] - m);
                lanes[j % LaneSum.Lanes] += p[j];
                float* value = values + (j * Padded(spec.ValueSize));

                for (int d = 0; d < spec.ValueSize; d++)
                {
                    part[d] = MathF.FusedMultiplyAdd(p[j], value[d], part[d]);
                }
            }

            float larger = MathF.Max(largest, m);
            float a = Exp.Scalar(largest - larger);
            float b = Exp.Scalar(m - larger);
            largest = larger;
            total = MathF.FusedMultiplyAdd(total, a, LaneSum.Scalar(lanes) * b);

            for (int d = 0; d < spec.ValueSize; d++)
            {
                query.Output[d] = MathF.FusedMultiplyAdd(query.Output[d], a, part[d] * b);
            }
        }

        for (int d = 0; d < spec.ValueSize; d++)
        {
            query.Output[d] /= total;
        }
    }
}
