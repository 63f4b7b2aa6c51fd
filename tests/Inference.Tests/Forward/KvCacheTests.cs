using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Forward;

/// <summary>Whatever happens to a cache on its way, the session's bits stay those of one that was fed at once.</summary>
[TestFixture]
public sealed class KvCacheTests
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 150).Select(i => (i * 131 + 7) % 256)];
    private static readonly Dictionary<KvCacheType, float[]> Fed = [];

    private ComputePool _pool = null!;
    private ModelFile _file = null!;
    private ModelSpan _model = null!;
    private ModelSpan _large = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _pool = new ComputePool(2);
        _file = TinyModel.Open(ModelShape.Tiny, GgmlType.Q8_0);
        _model = ModelSpan.Load(_file, _file.Config.AllBlocks, _pool);
        _large = ModelSpan.Load(_file, _file.Config.AllBlocks, _pool, null, new KvPool(pagePositions: 128));

        foreach (KvCacheType type in Enum.GetValues<KvCacheType>())
        {
            using KvCache cache = New(_model, type);
            Fed[type] = Feed(_model, cache, Ids, 0, Ids.Length);
        }
    }

    [OneTimeTearDown]
    public void Unload()
    {
        _large.Dispose();
        _model.Dispose();
        _file.Dispose();
        _pool.Dispose();
    }

    [Test]
    public void Truncated_forked_and_carried_caches_go_on_as_if_nothing_had_happened([Values] KvCacheType type)
        => Prop.ForAll(
            Gen.Choose(0, 4).SelectMany(_ => Gen.Choose(1, Ids.Length - 1), (step, at) => (step, at))
                .ListOf(6).ToArbitrary(),
            steps =>
            {
                KvCache cache = New(_model, type);
                ModelSpan span = _model;
                List<KvCache> parents = [];

                foreach ((int step, int at) in steps)
                {
                    AssertFed(span, cache, type, Math.Max(at, cache.Length));

                    switch (step)
                    {
                        case 0:
                            cache.Truncate(at);
                            break;
                        case 1:
                            // Other ids go over the pages first: the parent must not see it, nor the child later.
                            KvCache child = cache.Fork(Math.Min(at, cache.Length), Ids.Length);
                            _ = Feed(span, child, [.. Ids.Reverse()], child.Length, Ids.Length);
                            child.Dispose();
                            break;
                        case 2:
                            parents.Add(cache);
                            cache = cache.Fork(Math.Min(at, cache.Length), Ids.Length);
                            break;
                        case 3:
                            KvCache fork = cache.Fork(cache.Length, Ids.Length);
                            fork.Truncate(at / 2);
                            _ = Feed(span, fork, [.. Ids.Reverse()], at / 2, Ids.Length);
                            parents.Add(fork);
                            break;
                        default:
                            span = span == _model ? _large : _model;
                            KvCache other = New(span, type);
                            Carry(cache, other, at);
                            parents.Add(cache);
                            cache = other;
                            break;
                    }
                }

                AssertFed(span, cache, type, Ids.Length);
                cache.Dispose();
                parents.ForEach(parent => parent.Dispose());
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Test]
    public void Pages_shared_count_once_and_all_come_back()
    {
        using var pool = new KvPool(1 << 20);
        using var span = ModelSpan.Load(_file, new BlockRange(1, 3), _pool, null, pool);
        KvCache parent = span.NewCache(span.Blocks, 192, KvCacheType.F16);
        long whole = span.KvBytes(span.Blocks, 192, KvCacheType.F16);
        Assert.That(pool.BytesUsed, Is.EqualTo(whole));
        float[] rows = new float[150 * span.Config.Width];
        span.Run([new StepSlice { Cache = parent, Blocks = span.Blocks, Position = 0, Tokens = default, Rows = rows }]);

        KvCache child = parent.Fork(140, 192);
        Assert.That(pool.BytesUsed, Is.EqualTo(whole * 4 / 3));
        parent.Dispose();
        Assert.That(pool.BytesUsed, Is.EqualTo(whole));
        child.Dispose();
        Assert.That(pool.BytesUsed, Is.Zero);
    }

    [Test]
    public void A_pool_gives_what_it_has_and_refuses_the_rest_at_once()
    {
        long page = ModelSpan.KvBytesPerPosition(_file.Config, _file.Config.AllBlocks, KvCacheType.F16) * 64;
        using var span = ModelSpan.Load(_file, _file.Config.AllBlocks, _pool, null, new KvPool((3 * page) + 1));
        KvCache first = span.NewCache(span.Blocks, 128, KvCacheType.F16);
        KvMemoryException refusal = Assert.Throws<KvMemoryException>(
            () => span.NewCache(span.Blocks, 65, KvCacheType.F16))!;
        Assert.That((refusal.Needed, refusal.Free), Is.EqualTo((2 * page, page + 1)));
        span.NewCache(span.Blocks, 64, KvCacheType.F16).Dispose();

        // Pages of another size make room.
        span.NewCache(span.Blocks, 64, KvCacheType.Q8_0).Dispose();
        span.NewCache(span.Blocks, 64, KvCacheType.F16).Dispose();

        // A fork that rewrites what it shares needs a copy, and there is room for one only.
        _ = Feed(span, first, Ids, 0, 128);
        using KvCache fork = first.Fork(128, 128);
        fork.Truncate(60);
        Assert.That(() => Feed(span, fork, Ids, 60, 128), Throws.TypeOf<KvMemoryException>());
        first.Dispose();
        _ = Feed(span, fork, Ids, 60, 128);
    }

    [Test]
    public void Half_of_the_blocks_may_come_from_one_node_and_half_from_another([Values] KvCacheType type)
    {
        using KvCache source = New(_model, type);
        _ = Feed(_model, source, Ids, 0, 100);
        using KvCache target = New(_large, type);
        target.Import(source.Export(new BlockRange(0, 2), 0, 100));
        Assert.That(target.Length, Is.Zero);
        target.Import(source.Export(new BlockRange(2, 6), 0, 90));
        Assert.That(target.Length, Is.EqualTo(90));
        AssertFed(_large, target, type, Ids.Length);
    }

    [Test]
    public void Bytes_that_do_not_fit_are_refused_and_change_nothing([Values] KvCacheType type)
    {
        using KvCache source = New(_model, type);
        _ = Feed(_model, source, Ids, 0, 20);
        byte[] bytes = source.Export(_model.Blocks, 5, 20);
        Assert.That(bytes, Has.Length.EqualTo(source.ExportedBytes(_model.Blocks, 5, 20)));
        using KvCache target = New(_model, type);
        _ = Feed(_model, target, Ids, 0, 10);

        // Any byte of the header, and the length.
        for (int at = 0; at < 32 + (16 * 6); at++)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 0x81;
            Assert.That(() => target.Import(damaged), Throws.TypeOf<KvImportException>(), $"byte {at}");
        }

        for (int length = 0; length < bytes.Length; length += 7)
        {
            Assert.That(() => target.Import(bytes.AsSpan(0, length)), Throws.TypeOf<KvImportException>());
        }

        Assert.That(() => target.Import([.. bytes, 0]), Throws.TypeOf<KvImportException>());
        byte[] poisoned = [.. bytes];
        poisoned.AsSpan(bytes.Length - 20).Fill(type == KvCacheType.Q8_0 ? (byte)0x80 : (byte)0xFF);
        Assert.That(() => target.Import(poisoned), Throws.TypeOf<KvImportException>());
        using KvCache other = New(_model, type == KvCacheType.F32 ? KvCacheType.F16 : KvCacheType.F32);
        Assert.That(() => other.Import(bytes), Throws.TypeOf<KvImportException>());

        Assert.That(target.Length, Is.EqualTo(10));
        target.Import(bytes);
        Assert.That(target.Length, Is.EqualTo(20));
        AssertFed(_model, target, type, Ids.Length);
        Assert.That(() => source.Export(_model.Blocks, 5, 21), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Random_bytes_are_refused()
    {
        using KvCache target = New(_model, KvCacheType.Q8_0);
        using KvCache source = New(_model, KvCacheType.Q8_0);
        _ = Feed(_model, source, Ids, 0, 3);
        byte[] bytes = source.Export(_model.Blocks, 0, 3);
        var random = new Random(3);

        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. bytes];
            random.NextBytes(damaged.AsSpan(random.Next(4, 40), random.Next(1, 40)));

            try
            {
                target.Import(damaged);
            }
            catch (KvImportException)
            {
            }

            target.Truncate(0);
        }
    }

    // In two parts that overlap, as a standby would get them.
    private static void Carry(KvCache from, KvCache to, int at)
    {
        int middle = Math.Min(at, from.Length);
        to.Import(from.Export(from.Blocks, 0, middle));
        to.Import(from.Export(from.Blocks, middle / 2, from.Length));
        Assert.That(to.Length, Is.EqualTo(from.Length));
    }

    private static void AssertFed(ModelSpan span, KvCache cache, KvCacheType type, int end)
    {
        int width = span.Config.Width;
        int first = cache.Length;
        Assert.That(
            Feed(span, cache, Ids, first, end), Is.EqualTo(Fed[type][(first * width)..(end * width)]));
    }

    private static float[] Feed(ModelSpan span, KvCache cache, int[] ids, int first, int end)
    {
        float[] rows = new float[(end - first) * span.Config.Width];
        span.Run([LogitRows.Slice(span, cache, first, ids[first..end], rows)]);
        return rows;
    }

    private static KvCache New(ModelSpan span, KvCacheType type) => span.NewCache(span.Blocks, Ids.Length, type);
}
