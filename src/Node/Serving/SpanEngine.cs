using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>A loaded span of a real model behind the interface of the stages.</summary>
/// <param name="span">The span, which stays the caller's.</param>
public sealed class SpanEngine(ModelSpan span) : IBlockEngine
{
    private readonly float[] _logits = new float[span.Config.VocabularySize];

    /// <inheritdoc/>
    public BlockRange Blocks => span.Blocks;

    /// <inheritdoc/>
    public int BlockCount => span.Config.BlockCount;

    /// <inheritdoc/>
    public int Width => span.Config.Width;

    /// <inheritdoc/>
    public int VocabularySize => span.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => span.Config.ContextLength;

    /// <inheritdoc/>
    public long KvBytesPerPosition(BlockRange blocks, KvType type)
        => ModelSpan.KvBytesPerPosition(span.Config, blocks, Convert(type));

    /// <inheritdoc/>
    public IBlockCache NewCache(BlockRange blocks, int positions, KvType type)
        => new Cache(span.NewCache(blocks, positions, Convert(type)));

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<BlockSlice> batch)
    {
        var slices = new StepSlice[batch.Length];

        for (int at = 0; at < batch.Length; at++)
        {
            slices[at] = new StepSlice
            {
                Cache = ((Cache)batch[at].Cache).Kv,
                Blocks = batch[at].Blocks,
                Position = batch[at].Position,
                Tokens = batch[at].Tokens,
                Rows = batch[at].Rows,
            };
        }

        span.Run(slices);
    }

    /// <inheritdoc/>
    public int Draw(ReadOnlySpan<float> row, ReadOnlySpan<int> ids, Sampling sampling)
    {
        span.Logits(row, _logits);
        var sampler = new Sampler(sampling.ToOptions(), VocabularySize);

        return sampler.Sample(_logits, ids);
    }

    private static KvCacheType Convert(KvType type) => type == KvType.F32 ? KvCacheType.F32 : KvCacheType.F16;

    private sealed class Cache(KvCache kv) : IBlockCache
    {
        public KvCache Kv { get; } = kv;

        public BlockRange Blocks => Kv.Blocks;

        public int Length => Kv.Length;

        public void Truncate(int length) => Kv.Truncate(length);

        public void Dispose() => Kv.Dispose();
    }
}
