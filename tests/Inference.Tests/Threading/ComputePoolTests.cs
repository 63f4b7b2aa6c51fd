using NUnit.Framework;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Threading;

[TestFixture]
public sealed class ComputePoolTests
{
    // So expensive that the pool always forks.
    private const long Cost = 1 << 20;

    [Test]
    public void Every_result_is_computed_exactly_once([Values(1, 2, 3, 5)] int threads)
    {
        using var pool = new ComputePool(threads);
        int[] times = new int[103];

        for (int round = 1; round <= 3000; round++)
        {
            int count = 1 + (round % times.Length);
            Array.Clear(times);
            pool.For(count, Cost, (first, last) =>
            {
                for (int i = first; i < last; i++)
                {
                    Interlocked.Increment(ref times[i]);
                }
            });
            Assert.That(times[..count], Is.All.EqualTo(1), $"round {round}");
            Assert.That(times[count..], Is.All.Zero);
        }
    }

    [Test]
    public void Workers_that_parked_wake_again()
    {
        using var pool = new ComputePool(2);
        using var never = new ManualResetEventSlim();

        for (int round = 0; round < 5; round++)
        {
            int done = 0;
            pool.For(2, Cost, (first, last) => Interlocked.Add(ref done, last - first));
            Assert.That(done, Is.EqualTo(2));
            Assert.That(never.Wait(20), Is.False);
        }
    }

    [Test]
    public void A_failure_reaches_the_caller_and_the_pool_lives_on()
    {
        using var pool = new ComputePool(2);

        for (int round = 0; round < 100; round++)
        {
            int bad = round % 2;
            Assert.That(
                () => pool.For(2, Cost, (first, last) =>
                {
                    if (first <= bad && bad < last)
                    {
                        throw new InvalidOperationException("broken");
                    }
                }),
                Throws.InvalidOperationException.With.Message.EqualTo("broken"));
        }
    }

    [Test]
    public void Callers_from_several_threads_take_turns()
    {
        using var pool = new ComputePool(2);
        int total = 0;
        Thread[] callers = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int round = 0; round < 500; round++)
            {
                pool.For(10, Cost, (first, last) => Interlocked.Add(ref total, last - first));
            }
        }))];

        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        Assert.That(total, Is.EqualTo(4 * 500 * 10));
    }

    [Test]
    public void Nothing_is_computed_after_the_end()
    {
        var pool = new ComputePool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.That(() => pool.For(2, Cost, (_, _) => { }), Throws.InstanceOf<ObjectDisposedException>());
    }
}
