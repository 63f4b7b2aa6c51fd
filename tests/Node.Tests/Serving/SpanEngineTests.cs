using NUnit.Framework;
using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Node.Serving;
using Swarm.Protocol.Messages;
using Swarm.Testing;

namespace Swarm.Node.Tests.Serving;

/// <summary>The engine of a stage.</summary>
[TestFixture]
public sealed class SpanEngineTests
{
    [Test]
    public void A_token_of_several_sessions_allocates_nothing()
    {
        const int Sessions = 3;
        const int Steps = 50;
        using ModelFile file = TinyModel.Open();
        using var pool = new ComputePool(1);
        using var span = ModelSpan.Load(file, file.Config.AllBlocks, pool);
        var engine = new SpanEngine(span);
        IBlockCache[] caches =
            [.. Enumerable.Range(0, Sessions).Select(_ => engine.NewCache(engine.Blocks, Steps + 1, KvType.F16))];
        float[] rows = new float[Sessions * engine.Width];
        int[] ids = [1, 2, 3];

        // The slices of all steps, made before: they are the caller's.
        BlockSlice[][] steps =
        [
            .. Enumerable.Range(0, Steps + 1).Select(position => caches
                .Select((cache, i) => new BlockSlice(
                    cache, engine.Blocks, position, ids.AsMemory(i, 1), rows.AsMemory(i * engine.Width, engine.Width)))
                .ToArray()),
        ];
        engine.Run(steps[0]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int step = 1; step <= Steps; step++)
        {
            engine.Run(steps[step]);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Steps * 24));
        Array.ForEach(caches, cache => cache.Dispose());
    }
}
