using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// Consecutive blocks of a model, ready to compute: with the embedding if block 0 is among them, with the head if the
/// last block is. One run at a time; callers from several threads take turns.
/// </summary>
public sealed unsafe class ModelSpan : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SpanWeights _weights;
    private readonly ComputePool _pool;
    private readonly KvPool _caches;
    private readonly BatchRunner _runner;

    private ModelSpan(ModelConfig config, BlockRange blocks, SpanWeights weights, ComputePool pool, KvPool caches)
    {
        Config = config;
        Blocks = blocks;
        _weights = weights;
        _pool = pool;
        _caches = caches;
        _runner = new BatchRunner(config, blocks, weights, pool);
    }

    /// <summary>The model's blueprint.</summary>
    public ModelConfig Config { get; }

    /// <summary>The blocks that are loaded.</summary>
    public BlockRange Blocks { get; }

    /// <summary>
    /// Bytes of memory the weights take: those of the span's tensors, and of the rows that fill a matrix up to a
    /// multiple of sixteen.
    /// </summary>
    public long WeightBytes => _weights.Bytes;

    /// <summary>Reads the tensors that <paramref name="blocks"/> need, and no others.</summary>
    /// <param name="file">The model's file; not needed afterwards.</param>
    /// <param name="blocks">The blocks to load.</param>
    /// <param name="pool">The threads that load and compute; the caller's.</param>
    /// <param name="progress">Told the share that is loaded.</param>
    /// <param name="caches">What sessions' caches come from, now the span's own; without one there is no limit.</param>
    /// <exception cref="GgufException">The file became shorter, or holds a weight that is not finite.</exception>
    public static ModelSpan Load(
        ModelFile file,
        BlockRange blocks,
        ComputePool pool,
        IProgress<double>? progress = null,
        KvPool? caches = null)
    {
        if (blocks.IsEmpty || !file.Config.MayHold(blocks))
        {
            throw new ArgumentOutOfRangeException(
                nameof(blocks),
                blocks,
                $"the model has blocks {file.Config.AllBlocks}, and some stay with those whose keys they read");
        }

        SpanWeights weights = WeightLoader.Load(file, blocks, pool, progress);
        return new ModelSpan(file.Config, blocks, weights, pool, caches ?? new KvPool());
    }

    /// <summary>Bytes that one position of a session takes in the cache of these blocks.</summary>
    public static long KvBytesPerPosition(ModelConfig config, BlockRange blocks, KvCacheType type)
        => KvCache.BytesPerPosition(config, blocks, type);

    /// <summary>Bytes that a session's recurrent blocks take, however many positions it has.</summary>
    public static long StateBytes(ModelConfig config, BlockRange blocks)
        => RecurrentState.Bytes(config.Layers.Skip(blocks.First).Take(blocks.Count));

    /// <summary>Bytes that the cache of a session takes: whole pages, and the state of recurrent blocks.</summary>
    public long KvBytes(BlockRange blocks, int positions, KvCacheType type)
        => (KvCache.BytesPerPosition(Config, blocks, type) * _caches.WholePages(positions))
            + StateBytes(Config, blocks);

    /// <summary>Reserves the cache of one session: all its memory, now.</summary>
    /// <param name="blocks">Which of the loaded blocks the session computes here.</param>
    /// <param name="positions">How many positions it may reach.</param>
    /// <param name="type">How numbers are kept.</param>
    /// <exception cref="KvMemoryException">The pool has no memory for it.</exception>
    public KvCache NewCache(BlockRange blocks, int positions, KvCacheType type)
        => !blocks.IsEmpty && Blocks.Contains(blocks) && Config.MayHold(blocks)
            ? new KvCache(_caches, Config, blocks, positions, type)
            : throw new ArgumentOutOfRangeException(nameof(blocks), blocks, $"blocks {Blocks} are loaded");

    /// <summary>
    /// Computes every slice of the batch: embeds it if it starts at block 0, then its blocks. A slice's results are the
    /// same whatever else is in the batch; one that fails says so in <see cref="StepSlice.Fault"/> and leaves the
    /// others alone.
    /// </summary>
    /// <exception cref="NotFiniteException">A slice failed; thrown once all others are done.</exception>
    public void Run(ReadOnlySpan<StepSlice> batch)
    {
        lock (_gate)
        {
            foreach (StepSlice slice in batch)
            {
                Check(slice);
                slice.Fault = null;
            }

            _runner.Run(batch);

            foreach (StepSlice slice in batch)
            {
                int last = slice.Position + (slice.Rows.Length / Config.Width);
                slice.Cache.EndRun(slice.Blocks, slice.Position, last, slice.Fault is not null);
            }
        }

        foreach (StepSlice slice in batch)
        {
            if (slice.Fault is { } fault)
            {
                throw fault;
            }
        }
    }

    /// <summary>The logits after a position, from its hidden state after the last block.</summary>
    /// <exception cref="NotFiniteException">A logit is not finite.</exception>
    public void Logits(ReadOnlySpan<float> row, Span<float> logits)
    {
        bool finite = true;
        Logits(row, logits, new Span<bool>(ref finite));

        if (!finite)
        {
            throw new NotFiniteException(Config.BlockCount, -1);
        }
    }

    /// <summary>
    /// The logits after several positions, of one session or of many: the output matrix is read once for all. Each
    /// row's logits are the same whatever else is there.
    /// </summary>
    /// <param name="rows">Hidden states after the last block, row after row.</param>
    /// <param name="logits">As many rows of logits.</param>
    /// <param name="finite">Says of each row whether all its logits are finite numbers.</param>
    public void Logits(ReadOnlySpan<float> rows, Span<float> logits, Span<bool> finite)
    {
        if (_weights.Output is null)
        {
            throw new InvalidOperationException("The span does not hold the head.");
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Length, finite.Length * Config.Width);
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, finite.Length * Config.VocabularySize);

        lock (_gate)
        {
            _runner.Logits(rows, logits, finite);
        }
    }

    /// <summary>Gives the memory back. Caches are their sessions' own.</summary>
    public void Dispose()
    {
        _runner.Dispose();
        _weights.Dispose();
        _caches.Dispose();
    }

    private void Check(StepSlice slice)
    {
        KvCache cache = slice.Cache;
        int count = slice.Rows.Length / Config.Width;
        bool embeds = slice.Blocks.First == 0;
        bool needsTokens = embeds || Config.NeedsTokensEverywhere;

        if (slice.Blocks.IsEmpty || !Blocks.Contains(slice.Blocks) || !cache.Blocks.Contains(slice.Blocks))
        {
            throw new ArgumentException($"blocks {slice.Blocks} are not in {Blocks} and in the cache's {cache.Blocks}");
        }

        if (slice.Rows.Length != count * Config.Width || (needsTokens && slice.Tokens.Length != count))
        {
            throw new ArgumentException($"{slice.Rows.Length} values for {slice.Tokens.Length} tokens");
        }

        if (slice.Position < 0 || slice.Position > cache.Length || slice.Position + count > cache.Capacity)
        {
            throw new ArgumentException(
                $"positions {slice.Position} to {slice.Position + count}, but the cache holds {cache.Length} of "
                + $"{cache.Capacity}");
        }

        if (slice.Position + count > cache.Length && slice.Blocks != cache.Blocks)
        {
            throw new ArgumentException($"blocks {slice.Blocks} of a cache of {cache.Blocks} can only be recomputed");
        }

        if (embeds && Config.HasPositionEmbedding && slice.Position + count > Config.ContextLength)
        {
            throw new ArgumentException($"the model has no position beyond {Config.ContextLength}");
        }

        foreach (int token in needsTokens ? slice.Tokens.Span : [])
        {
            if ((uint)token >= (uint)Config.VocabularySize)
            {
                throw new ArgumentException($"token {token} is not one of {Config.VocabularySize}");
            }
        }

        if (!cache.TryBeginAgain(slice.Blocks, slice.Position))
        {
            throw new InvalidOperationException(
                $"recurrent blocks know nothing of position {slice.Position} any more: truncate, and feed again");
        }

        cache.Own(cache.Length, slice.Position + count);
        cache.BeginRun(slice.Position + count);
    }
}
