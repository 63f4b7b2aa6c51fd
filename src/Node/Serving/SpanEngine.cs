using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>A loaded span of a real model behind the interface of the stages.</summary>
/// <param name="span">The span, which stays the caller's.</param>
public sealed class SpanEngine(ModelSpan span) : IBlockEngine
{
    // Logits take half a megabyte each: as many sessions as are drawn for at once, and no more.
    private const int DrawsMax = 16;

    private readonly Sampler _sampler = new(new SamplingOptions(), span.Config.VocabularySize);
    private readonly bool[] _finite = new bool[DrawsMax];
    private StepSlice[] _slices = [];
    private float[] _rows = [];
    private float[] _logits = [];

    /// <inheritdoc/>
    public BlockRange Blocks => span.Blocks;

    /// <inheritdoc/>
    public int BlockCount => span.Config.BlockCount;

    /// <inheritdoc/>
    public bool MayUse(BlockRange blocks) => Blocks.Contains(blocks) && span.Config.MayHold(blocks);

    /// <inheritdoc/>
    public int Width => span.Config.Width;

    /// <inheritdoc/>
    public int VocabularySize => span.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength => span.Config.ContextLength;

    /// <inheritdoc/>
    public long KvBytes(BlockRange blocks, int positions, KvType type)
        => span.KvBytes(blocks, positions, type.ToCacheType());

    /// <inheritdoc/>
    public IBlockCache NewCache(BlockRange blocks, int positions, KvType type)
        => new Cache(span.NewCache(blocks, positions, type.ToCacheType()));

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<BlockSlice> batch)
    {
        if (_slices.Length < batch.Length)
        {
            _slices = new StepSlice[batch.Length];
        }

        for (int at = 0; at < batch.Length; at++)
        {
            BlockSlice wanted = batch[at];
            StepSlice slice = ((Cache)wanted.Cache).Slice;
            slice.Blocks = wanted.Blocks;
            slice.Position = wanted.Position;
            slice.Tokens = wanted.Tokens;
            slice.Rows = wanted.Rows;
            _slices[at] = slice;
        }

        try
        {
            span.Run(_slices.AsSpan(0, batch.Length));
        }
        finally
        {
            Array.Clear(_slices);
        }
    }

    /// <inheritdoc/>
    public void Draw(ReadOnlySpan<TokenDraw> batch)
    {
        for (int first = 0; first < batch.Length; first += DrawsMax)
        {
            DrawSome(batch.Slice(first, Math.Min(DrawsMax, batch.Length - first)));
        }
    }

    private void DrawSome(ReadOnlySpan<TokenDraw> batch)
    {
        if (_rows.Length < batch.Length * Width)
        {
            _rows = new float[batch.Length * Width];
            _logits = new float[batch.Length * VocabularySize];
        }

        for (int i = 0; i < batch.Length; i++)
        {
            batch[i].Row.Span.CopyTo(_rows.AsSpan(i * Width));
        }

        Span<bool> finite = _finite.AsSpan(0, batch.Length);
        span.Logits(
            _rows.AsSpan(0, batch.Length * Width), _logits.AsSpan(0, batch.Length * VocabularySize), finite);

        for (int i = 0; i < batch.Length; i++)
        {
            TokenDraw draw = batch[i];

            if (finite[i])
            {
                _sampler.Options = draw.Sampling.ToOptions();
                draw.Id = _sampler.Sample(_logits.AsSpan(i * VocabularySize, VocabularySize), draw.Ids.Span);
            }
            else
            {
                draw.Fault = new NotFiniteException(BlockCount, draw.Ids.Length - 1);
            }
        }
    }

    private sealed class Cache(KvCache kv) : IBlockCache
    {
        public KvCache Kv { get; } = kv;

        // A batch has at most one slice of a cache: they all are this one.
        public StepSlice Slice { get; } = new()
        {
            Cache = kv,
            Blocks = kv.Blocks,
            Position = 0,
            Tokens = default,
            Rows = default,
        };

        public BlockRange Blocks => Kv.Blocks;

        public int Length => Kv.Length;

        public void Truncate(int length) => Kv.Truncate(length);

        public bool CanBeginAgain(int position) => Kv.TryBeginAgain(Kv.Blocks, position);

        public void Dispose() => Kv.Dispose();
    }
}
