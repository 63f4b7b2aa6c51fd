using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;
using Swarm.Inference.Threading;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Forward;

/// <summary>What sessions and repair rely on: neighbours, recomputing without writing, rewinding, faults.</summary>
[TestFixture]
public sealed class ModelSpanTests
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 40).Select(i => (i * 131 + 7) % 256)];

    private ComputePool _pool = null!;
    private ModelFile _file = null!;
    private ModelSpan _model = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _pool = new ComputePool(2);
        _file = TinyModel.Open(ModelShape.Tiny, GgmlType.Q8_0);
        _model = ModelSpan.Load(_file, _file.Config.AllBlocks, _pool);
    }

    [OneTimeTearDown]
    public void Unload()
    {
        _model.Dispose();
        _file.Dispose();
        _pool.Dispose();
    }

    [Test]
    public void Sessions_in_one_batch_do_not_see_each_other()
    {
        float[] expected = Alone(Ids);
        float[] other = Alone(Ids[5..25]);
        using KvCache first = Cache();
        using KvCache second = Cache();
        using KvCache third = _model.NewCache(new BlockRange(2, 4), 40, KvCacheType.F16);
        float[] rows = Rows(Ids.Length);
        float[] others = Rows(20);
        float[] part = Alone(Ids[..9]);
        _model.Run([
            LogitRows.Slice(_model, second, 0, Ids[5..25], others),
            new StepSlice { Cache = third, Blocks = new BlockRange(2, 4), Position = 0, Tokens = default, Rows = part },
            LogitRows.Slice(_model, first, 0, Ids, rows),
        ]);

        Assert.That(rows, Is.EqualTo(expected));
        Assert.That(others, Is.EqualTo(other));
        Assert.That((first.Length, second.Length, third.Length), Is.EqualTo((40, 20, 9)));
    }

    [Test]
    public void Positions_already_held_are_recomputed_without_writing_and_the_rest_is_appended()
    {
        float[] expected = Alone(Ids);
        using KvCache cache = Cache();
        _model.Run([LogitRows.Slice(_model, cache, 0, Ids[..30], Rows(30))]);
        float[] rows = Rows(25);
        _model.Run([LogitRows.Slice(_model, cache, 10, Ids[10..35], rows)]);

        Assert.That(rows, Is.EqualTo(expected[(10 * _model.Config.Width)..(35 * _model.Config.Width)]));
        Assert.That(cache.Length, Is.EqualTo(35));
    }

    [Test]
    public void A_part_of_the_blocks_can_be_recomputed_but_not_appended()
    {
        using KvCache cache = Cache();
        _model.Run([LogitRows.Slice(_model, cache, 0, Ids, Rows(Ids.Length))]);
        float[] rows = Rows(Ids.Length);

        foreach (BlockRange blocks in new BlockRange[] { new(0, 2), new(2, 6) })
        {
            _model.Run([new StepSlice { Cache = cache, Blocks = blocks, Position = 0, Tokens = Ids, Rows = rows }]);
        }

        Assert.That(rows, Is.EqualTo(Alone(Ids)));
        cache.Truncate(10);
        var append = new StepSlice { Cache = cache, Blocks = new(0, 2), Position = 0, Tokens = Ids, Rows = rows };
        Assert.That(() => _model.Run([append]), Throws.ArgumentException);
    }

    [Test]
    public void What_was_truncated_leaves_no_trace()
    {
        using KvCache cache = Cache();
        _model.Run([LogitRows.Slice(_model, cache, 0, [.. Ids.Reverse()], Rows(Ids.Length))]);
        cache.Truncate(0);
        float[] rows = Rows(Ids.Length);
        _model.Run([LogitRows.Slice(_model, cache, 0, Ids, rows)]);
        Assert.That(rows, Is.EqualTo(Alone(Ids)));
    }

    [Test]
    public void A_session_that_leaves_the_numbers_fails_alone_and_says_where()
    {
        using KvCache good = Cache();
        using KvCache bad = _model.NewCache(new BlockRange(3, 6), 40, KvCacheType.F16);
        float[] rows = Rows(Ids.Length);
        float[] poison = Rows(4);
        poison[(2 * _model.Config.Width) + 5] = float.PositiveInfinity;
        var failing = new StepSlice { Cache = bad, Blocks = new(3, 6), Position = 0, Tokens = default, Rows = poison };
        NotFiniteException fault = Assert.Throws<NotFiniteException>(
            () => _model.Run([failing, LogitRows.Slice(_model, good, 0, Ids, rows)]))!;

        Assert.That((fault.Block, fault.Position), Is.EqualTo((3, 2)));
        Assert.That(failing.Fault, Is.SameAs(fault));
        Assert.That(rows, Is.EqualTo(Alone(Ids)));
        Assert.That((good.Length, bad.Length), Is.EqualTo((40, 0)));
    }

    [Test]
    public void Callers_mistakes_are_refused_before_anything_is_computed()
    {
        using KvCache cache = Cache();
        float[] two = Rows(2);
        Assert.That(() => Run(1, Ids[..2], two), Throws.ArgumentException);
        Assert.That(() => Run(0, Ids[..3], two), Throws.ArgumentException);
        Assert.That(() => Run(0, [3, 320], two), Throws.ArgumentException);
        Assert.That(() => Run(0, [3, -1], two), Throws.ArgumentException);
        Assert.That(() => Run(0, new int[41], Rows(41)), Throws.ArgumentException);
        Assert.That(cache.Length, Is.Zero);

        void Run(int position, int[] tokens, float[] rows)
            => _model.Run([LogitRows.Slice(_model, cache, position, tokens, rows)]);
    }

    [Test]
    public void A_cache_takes_what_was_said()
    {
        BlockRange blocks = new(1, 3);
        Assert.That(
            ModelSpan.KvBytesPerPosition(_model.Config, blocks, KvCacheType.F32), Is.EqualTo(2 * 2 * 2 * 16 * 4));
        Assert.That(
            ModelSpan.KvBytesPerPosition(_model.Config, blocks, KvCacheType.F16), Is.EqualTo(2 * 2 * 2 * 16 * 2));
        Assert.That(
            ModelSpan.KvBytesPerPosition(_model.Config, blocks, KvCacheType.Q8_0), Is.EqualTo(2 * 2 * 2 * (16 + 2)));
        Assert.That(_model.KvBytes(blocks, 65, KvCacheType.F16), Is.EqualTo(2 * 2 * 2 * 16 * 2 * 128));
    }

    [Test]
    public void Generations_with_a_seed_are_the_same_whatever_the_chunk_length_and_threads()
    {
        using var one = new ComputePool(1);
        using var single = ModelSpan.Load(_file, _file.Config.AllBlocks, one);
        var options = new GeneratorOptions { TokensMax = 30, Sampling = new SamplingOptions { Seed = 5 } };
        int[] expected = [.. new Generator(_model).Generate(Ids, options)];

        Assert.That(expected, Has.Length.EqualTo(30));
        Assert.That(new Generator(single).Generate(Ids, options with { ChunkLength = 3 }), Is.EqualTo(expected));
        int[] ends = [expected[3]];
        Assert.That(
            new Generator(_model).Generate(Ids, options with { EndIds = ends.ToHashSet() }),
            Is.EqualTo(expected.Take(Array.IndexOf(expected, expected[3]) + 1)));
    }

    [Test]
    public void A_generation_can_be_cancelled_between_tokens()
    {
        using var source = new CancellationTokenSource();
        using IEnumerator<int> ids = new Generator(_model).Generate(Ids, new GeneratorOptions(), source.Token)
            .GetEnumerator();
        Assert.That(ids.MoveNext(), Is.True);
        source.Cancel();
        Assert.That(ids.MoveNext, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Logits_of_many_sessions_are_those_of_each_alone_and_one_that_is_not_finite_spoils_no_other()
    {
        const int Count = 5;
        int vocabulary = _model.Config.VocabularySize;
        float[] rows = Alone([.. Ids.Take(Count)]);
        rows[2 * _model.Config.Width] = float.NaN;
        float[] together = new float[Count * vocabulary];
        bool[] finite = new bool[Count];
        _model.Logits(rows, together, finite);

        for (int i = 0; i < Count; i++)
        {
            float[] row = rows[(i * _model.Config.Width)..((i + 1) * _model.Config.Width)];
            float[] alone = new float[vocabulary];
            Assert.That(finite[i], Is.EqualTo(i != 2));

            if (finite[i])
            {
                _model.Logits(row, alone);
                Assert.That(together.AsSpan(i * vocabulary, vocabulary).SequenceEqual(alone), $"row {i}");
            }
            else
            {
                _ = Assert.Throws<NotFiniteException>(() => _model.Logits(row, alone));
            }
        }
    }

    private KvCache Cache() => _model.NewCache(_model.Blocks, 40, KvCacheType.F16);

    private float[] Rows(int count) => new float[count * _model.Config.Width];

    private float[] Alone(int[] ids)
    {
        using KvCache cache = Cache();
        float[] rows = Rows(ids.Length);
        _model.Run([LogitRows.Slice(_model, cache, 0, ids, rows)]);
        return rows;
    }
}
