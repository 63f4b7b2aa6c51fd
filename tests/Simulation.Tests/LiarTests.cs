using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Execution;
using Swarm.Node.Generation;
using Swarm.Testing;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>Nodes that say they are fast, and what comes of it (THREATS row 17).</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LiarTests
{
    private const int Blocks = 6;
    private const int Trials = 10;
    private const int Sessions = 40;

    private static readonly TimeSpan Honest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(20);

    private static readonly BlockRange[] Cuts = [new(0, 3), new(0, 3), new(3, 6), new(3, 6)];

    [TestCase("0:6", TestName = "Threat_17_A_liar_that_holds_all_gets_less_than_a_twentieth_after_ten_sessions")]
    [TestCase("0:3", TestName = "Threat_17_A_liar_that_holds_the_first_half_gets_less_than_a_twentieth")]
    [TestCase("3:6", TestName = "Threat_17_A_liar_that_holds_the_second_half_gets_less_than_a_twentieth")]
    [TestCase("0:3 3:6", TestName = "Threat_17_Two_liars_that_hold_all_between_them_get_less_than_a_twentieth")]
    [TestCase("0:6 2:6 1:3", TestName = "Threat_17_Three_liars_get_less_than_a_twentieth")]
    public void A_liar_gets_less_than_a_twentieth_of_the_traffic_after_ten_sessions(string spans)
    {
        BlockRange[] liars = [.. spans.Split(' ').Select(Range)];

        for (int seed = 1; seed <= 5; seed++)
        {
            (long before, long lied, long all) = Play(seed, liars);
            Assert.That(before, Is.GreaterThan(0), $"seed {seed}: at first they are believed");
            Assert.That(lied, Is.LessThan(0.05 * all), $"seed {seed}");
            Assert.That(all, Is.GreaterThan(0));
        }
    }

    [Test]
    public void Who_is_the_only_one_is_used_however_slow_it_is()
    {
        (long _, long lied, long all) = Play(seed: 1, [new BlockRange(0, 6)], alone: true);
        Assert.That(lied, Is.EqualTo(all).And.GreaterThan(0));
    }

    // What the liars computed in the trials, and of all after them.
    private static (long Before, long Lied, long All) Play(int seed, BlockRange[] liars, bool alone = false)
    {
        var loop = new SimulationLoop(seed);
        var network = new SimulatedNetwork(
            loop,
            new SimulatedNetworkOptions
            {
                WayMin = TimeSpan.FromMilliseconds(0.2),
                WaySpread = TimeSpan.FromMilliseconds(1),
                JitterMean = TimeSpan.FromMilliseconds(0.1),
            });
        BlockRange[] honest = alone ? [] : Cuts;
        var executors = new List<CountingExecutor>();
        var swarm = new SessionSwarm(
            loop.Clock,
            (key, hello, listens) => network.Attach(key.Id, hello, listens),
            blocks => new ToyEngine(blocks, Blocks),
            () =>
            {
                executors.Add(new CountingExecutor(loop.Clock, executors.Count < honest.Length ? Honest : Slow));
                return executors[^1];
            })
        {
            BlockCount = Blocks,
        };
        (long before, long lied, long all) = (0, 0, 0);

        loop.Run(async () =>
        {
            foreach (BlockRange blocks in honest)
            {
                _ = swarm.Add(blocks);
            }

            foreach (BlockRange blocks in liars)
            {
                StageNode liar = swarm.Add(blocks);
                liar.Offer.DecodePerBlockMs = 0.001;
                liar.Offer.PrefillPerBlockMs = 0.001;
            }

            SwarmGenerator origin = swarm.Origin();
            await TellAsync(origin, swarm, Trials);
            before = executors.Skip(honest.Length).Sum(executor => executor.Work);
            executors.ForEach(executor => executor.Work = 0);
            await TellAsync(origin, swarm, Sessions);
            lied = executors.Skip(honest.Length).Sum(executor => executor.Work);
            all = executors.Sum(executor => executor.Work);
            await swarm.DisposeAsync();
        });

        return (before, lied, all);
    }

    private static async Task TellAsync(SwarmGenerator origin, SessionSwarm swarm, int sessions)
    {
        int[] prompt = SimulatedSessions.Prompt(8);

        for (int i = 0; i < sessions; i++)
        {
            GenerationResult told = await origin.GenerateAsync(
                swarm.Request(prompt, 16), new ListenerRecorder(), CancellationToken.None);
            Assert.That(told.Tokens, Is.EqualTo(SimulatedSessions.Oracle(prompt, 16)));
        }
    }

    private static BlockRange Range(string text)
        => new(int.Parse(text[..1], null), int.Parse(text[2..], null));

    /// <summary>Counts rows times blocks.</summary>
    private sealed class CountingExecutor(TimeProvider clock, TimeSpan perRowAndBlock) : IComputeExecutor
    {
        private readonly VirtualExecutor _executor = new(clock, perRowAndBlock);

        public long Work { get; set; }

        public Task RunAsync(Action work, int rows, int blocks)
        {
            Work += (long)rows * blocks;
            return _executor.RunAsync(work, rows, blocks);
        }
    }
}
