using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Tests.Forward.Oracle;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Forward;

/// <summary>
/// State that is not kept by position: it goes back to snapshots, says where it then stands, and what is fed from there
/// on gives the same bits.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RecurrentTests
{
    private const int Length = 390;

    private static readonly int[] Ids = [.. Enumerable.Range(0, Length).Select(i => (i * 31 + 5) % 67)];

    private static readonly string[] Names = ["lfm2", "qwen35"];

    [TestCaseSource(nameof(Names))]
    public void Going_back_stops_at_a_snapshot_and_feeding_again_gives_the_same_bits(string name)
    {
        using Case it = new(name);
        float[] expected = it.Feed(0, Length, 64);

        foreach (int length in new[] { 389, 300, 256 })
        {
            it.Cache.Truncate(length);
            Assert.That(it.Cache.Length, Is.EqualTo(256));
            Assert.That(it.Feed(256, Length, 50), Is.EqualTo(it.Part(expected, 256, Length)));
        }

        it.Cache.Truncate(255);
        Assert.That(it.Cache.Length, Is.Zero);
        Assert.That(it.Feed(0, Length, 77), Is.EqualTo(expected));
        it.Cache.Truncate(Length);
        Assert.That(it.Cache.Length, Is.EqualTo(Length));
    }

    [TestCaseSource(nameof(Names))]
    public void Positions_are_computed_again_from_the_beginning_and_from_snapshots_without_writing(string name)
    {
        using Case it = new(name);
        float[] expected = it.Feed(0, 300, 64);

        Assert.That(it.Feed(0, 128, 32), Is.EqualTo(it.Part(expected, 0, 128)));
        Assert.That(it.Feed(128, 200, 32), Is.EqualTo(it.Part(expected, 128, 200)), "on from where it stood");
        Assert.That(it.Cache.TryBeginAgain(it.Cache.Blocks, 100), Is.False);
        Assert.That(() => it.Feed(100, 120, 32), Throws.InvalidOperationException);
        Assert.That(it.Feed(256, 310, 32)[..(44 * it.Width)], Is.EqualTo(it.Part(expected, 256, 300)));
        Assert.That(it.Cache.Length, Is.EqualTo(310));

        using Case other = new(name);
        Assert.That(other.Feed(0, Length, 64)[(310 * it.Width)..], Is.EqualTo(it.Feed(310, Length, 64)));
    }

    [TestCaseSource(nameof(Names))]
    public void A_fork_goes_on_by_itself(string name)
    {
        using Case it = new(name);
        float[] expected = it.Feed(0, 300, 64);
        using KvCache fork = it.Cache.Fork(300, Length);
        using KvCache earlier = it.Cache.Fork(280, Length);
        float[] rest = it.Feed(300, Length, 64);
        Assert.That((fork.Length, earlier.Length), Is.EqualTo((300, 256)));
        Assert.That(it.Feed(fork, 300, Length, 45), Is.EqualTo(rest));
        Assert.That(it.Feed(earlier, 256, 300, 45), Is.EqualTo(it.Part(expected, 256, 300)));
    }

    [TestCaseSource(nameof(Names))]
    public void What_is_exported_goes_on_elsewhere_with_the_same_bits(string name)
    {
        using Case it = new(name);
        using Case there = new(name);
        _ = it.Feed(0, 300, 64);
        byte[] all = it.Cache.Export(it.Cache.Blocks, 0, 300);
        byte[] snapshot = it.Cache.Export(it.Cache.Blocks, 0, 256);
        byte[] between = it.Cache.Export(it.Cache.Blocks, 256, 300);
        float[] rest = it.Feed(300, Length, 64);

        there.Cache.Import(all);
        Assert.That(there.Feed(300, Length, 45), Is.EqualTo(rest));
        there.Cache.Truncate(0);
        there.Cache.Import(snapshot);
        there.Cache.Import(between);
        Assert.That(there.Cache.Length, Is.EqualTo(300));
        Assert.That(there.Feed(300, Length, 77), Is.EqualTo(rest));
        byte[] expected = it.Cache.Export(it.Cache.Blocks, 0, Length);
        Assert.That(there.Cache.Export(it.Cache.Blocks, 0, Length), Is.EqualTo(expected));
    }

    [TestCaseSource(nameof(Names))]
    public void What_is_forgotten_is_not_exported_and_half_the_blocks_are_not_taken(string name)
    {
        using Case it = new(name);
        _ = it.Feed(0, 300, 64);
        BlockRange blocks = it.Cache.Blocks;
        Assert.That(() => it.Cache.Export(blocks, 0, 200), Throws.InvalidOperationException);
        byte[] half = it.Cache.Export(new BlockRange(0, 1), 0, 300);
        byte[] all = it.Cache.Export(blocks, 0, 300);
        using Case there = new(name);
        Assert.That(() => there.Cache.Import(half), Throws.InstanceOf<KvImportException>());
        BitConverter.TryWriteBytes(all.AsSpan(32 + (16 * blocks.Count)), float.NaN);
        Assert.That(() => there.Cache.Import(all), Throws.InstanceOf<KvImportException>());
        Assert.That(there.Cache.Length, Is.Zero);
    }

    [Test]
    public void A_cache_of_recurrent_blocks_has_a_price_that_does_not_grow()
    {
        using Case it = new("lfm2");
        ModelConfig config = it.Span.Config;
        var convolution = new BlockRange(0, 1);
        Assert.That(ModelSpan.KvBytesPerPosition(config, convolution, KvCacheType.F16), Is.Zero);
        Assert.That(it.Span.KvBytes(convolution, 64, KvCacheType.F16), Is.EqualTo(2 * config.Width * 4 * 6));
        Assert.That(
            it.Span.KvBytes(convolution, 6400, KvCacheType.F16),
            Is.EqualTo(it.Span.KvBytes(convolution, 64, KvCacheType.F16)));
    }

    private sealed class Case : IDisposable
    {
        private readonly ModelFile _file;
        private readonly ComputePool _pool = new(2);

        public Case(string name)
        {
            _file = SmallModels.Open(name, GgmlType.F32);
            Span = ModelSpan.Load(_file, _file.Config.AllBlocks, _pool);
            Cache = Span.NewCache(Span.Blocks, Length, KvCacheType.F16);
        }

        public ModelSpan Span { get; }

        public KvCache Cache { get; }

        public int Width => Span.Config.Width;

        public float[] Feed(int first, int last, int chunk) => Feed(Cache, first, last, chunk);

        public float[] Feed(KvCache cache, int first, int last, int chunk)
        {
            var all = new List<float>();

            for (int position = first; position < last; position += chunk)
            {
                int[] tokens = Ids[position..Math.Min(position + chunk, last)];
                float[] rows = new float[tokens.Length * Width];
                Span.Run([LogitRows.Slice(Span, cache, position, tokens, rows)]);
                all.AddRange(rows);
            }

            return [.. all];
        }

        public float[] Part(float[] rows, int first, int last) => rows[(first * Width)..(last * Width)];

        public void Dispose()
        {
            Cache.Dispose();
            Span.Dispose();
            _file.Dispose();
            _pool.Dispose();
        }
    }
}
