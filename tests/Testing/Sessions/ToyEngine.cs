using Swarm.Inference.Model;
using Swarm.Node.Serving;
using Swarm.Protocol.Messages;

namespace Swarm.Testing.Sessions;

/// <summary>
/// Exact toy arithmetic in the shape of a model: every value depends on every earlier position in every block, so that
/// a missing, doubled or misplaced step changes the tokens. Costs almost nothing.
/// </summary>
public sealed class ToyEngine(BlockRange blocks, int blockCount) : IBlockEngine
{
    private const int Prime = 65521;

    public BlockRange Blocks { get; } = blocks;

    public int BlockCount { get; } = blockCount;

    public int Width => 4;

    public int VocabularySize => 251;

    public int ContextLength => 4096;

    /// <summary>Where the arithmetic leaves the finite numbers: by block and the ids so far.</summary>
    public Func<int, int, bool> Breaks { get; set; } = (_, _) => false;

    public long KvBytes(BlockRange blocks, int positions, KvType type)
        => (long)positions * blocks.Count * Width * sizeof(int);

    public IBlockCache NewCache(BlockRange blocks, int positions, KvType type)
        => new Cache(blocks, new int[blocks.Count, positions, Width]);

    public void Run(ReadOnlySpan<BlockSlice> batch)
    {
        foreach (BlockSlice slice in batch)
        {
            Run(slice);
        }
    }

    public void Draw(ReadOnlySpan<TokenDraw> batch)
    {
        foreach (TokenDraw draw in batch)
        {
            draw.Id = Draw(draw.Row.Span, draw.Ids.Span, draw.Sampling);
        }
    }

    private int Draw(ReadOnlySpan<float> row, ReadOnlySpan<int> ids, Sampling sampling)
    {
        int drawn = Mix((int)sampling.Seed % Prime, ids.Length);

        foreach (float value in row)
        {
            drawn = Mix(drawn, (int)value);
        }

        foreach (int id in ids)
        {
            drawn = Mix(drawn, id);
        }

        return drawn % VocabularySize;
    }

    /// <summary>The same generation without a network.</summary>
    public static int[] Generate(int blockCount, IReadOnlyList<int> prompt, int tokens, Sampling sampling)
    {
        var engine = new ToyEngine(new BlockRange(0, blockCount), blockCount);
        using IBlockCache cache = engine.NewCache(engine.Blocks, prompt.Count + tokens, KvType.F16);
        var ids = new List<int>();

        foreach (int token in prompt)
        {
            ids.Add(token);
        }

        float[] rows = new float[prompt.Count * engine.Width];
        engine.Run([new BlockSlice(cache, engine.Blocks, 0, ids.ToArray(), rows)]);

        for (int i = 0; i < tokens; i++)
        {
            ids.Add(engine.Draw(rows.AsSpan(rows.Length - engine.Width), ids.ToArray(), sampling));
            rows = new float[engine.Width];
            int[] last = [ids[^1]];

            if (i + 1 < tokens)
            {
                engine.Run([new BlockSlice(cache, engine.Blocks, ids.Count - 1, last, rows)]);
            }
        }

        return [.. ids.Skip(prompt.Count)];
    }

    private void Run(BlockSlice slice)
    {
        var cache = (Cache)slice.Cache;
        int known = cache.Length;

        if (slice.Position > known || !Blocks.Contains(slice.Blocks) || !cache.Blocks.Contains(slice.Blocks))
        {
            throw new InvalidOperationException($"A slice at {slice.Position} of {slice.Blocks}; held {known}.");
        }

        for (int i = 0; i < slice.Tokens.Length; i++)
        {
            Span<float> row = slice.Rows.Span.Slice(i * Width, Width);

            if (slice.Blocks.First == 0)
            {
                for (int j = 0; j < Width; j++)
                {
                    row[j] = Mix(slice.Tokens.Span[i] + 1, j + 1);
                }
            }

            for (int block = slice.Blocks.First; block < slice.Blocks.Last; block++)
            {
                if (Breaks(block, slice.Position + i))
                {
                    throw new NotFiniteNumberException($"Block {block}, position {slice.Position + i}.");
                }

                Step(cache, block, slice.Position + i, row, slice.Position + i >= known);
            }
        }

        cache.Length = Math.Max(known, slice.Position + slice.Tokens.Length);
    }

    private void Step(Cache cache, int block, int position, Span<float> row, bool writes)
    {
        int[,,] kv = cache.Values;
        int at = block - cache.Blocks.First;

        for (int j = 0; j < Width; j++)
        {
            int value = Mix((int)row[j], (block * 31) + j + 7);

            if (writes)
            {
                kv[at, position, j] = value;
            }
            else if (kv[at, position, j] != value)
            {
                throw new InvalidOperationException($"Block {block} was given other values at {position} than before.");
            }
        }

        for (int j = 0; j < Width; j++)
        {
            int sum = (int)row[j];

            for (int earlier = 0; earlier <= position; earlier++)
            {
                sum = (sum + (kv[at, earlier, (j + 1) % Width] * ((earlier % 89) + 1))) % Prime;
            }

            row[j] = sum;
        }
    }

    private static int Mix(int one, int other) => (int)(((one * 40503L) + (other * 9973L) + 12345) % Prime);

    private sealed class Cache(BlockRange blocks, int[,,] values) : IBlockCache
    {
        public BlockRange Blocks { get; } = blocks;

        public int Length { get; set; }

        public int[,,] Values => IsDisposed ? throw new ObjectDisposedException(nameof(Cache)) : values;

        private bool IsDisposed { get; set; }

        public void Truncate(int length) => Length = Math.Min(Length, length);

        public void Dispose() => IsDisposed = true;
    }
}
