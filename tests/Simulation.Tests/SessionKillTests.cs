using NUnit.Framework;
using Swarm.Node.Generation;
using Swarm.Node.Serving;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>A stage dies at every place a stage can die; the tokens never change.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SessionKillTests
{
    private const int Tokens = 32;
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);

    [Test]
    public void A_stage_killed_at_any_token_in_any_phase_changes_no_token(
        [Range(0, 2)] int stage,
        [Values(StagePhase.Received, StagePhase.Computed, StagePhase.Sent)] StagePhase phase)
    {
        int[] prompt = SimulatedSessions.Prompt(7);

        for (int token = 0; token < Tokens; token++)
        {
            int position = prompt.Length - 1 + token;
            Run run = Kill(stage, prompt, chunkTokens: 32, (at, count, now) => now == phase && at + count > position);

            AssertWhole(run, prompt, $"token {token}");
            AssertNothingTwiceBehind(run, stage, $"token {token}");
        }
    }

    [Test]
    public void A_stage_killed_at_any_chunk_of_the_prompt_changes_no_token(
        [Range(0, 2)] int stage,
        [Values(StagePhase.Received, StagePhase.Computed, StagePhase.Sent)] StagePhase phase)
    {
        const int Chunk = 8;
        int[] prompt = SimulatedSessions.Prompt(45);

        for (int chunk = 0; chunk * Chunk < prompt.Length; chunk++)
        {
            Run run = Kill(stage, prompt, Chunk, (at, _, now) => now == phase && at == chunk * Chunk);

            AssertWhole(run, prompt, $"chunk {chunk}");
            AssertNothingTwiceBehind(run, stage, $"chunk {chunk}");
        }
    }

    [Test]
    public void The_head_may_die_after_it_told_the_ring_and_before_it_told_the_origin([Values(0, 1, 9, 30)] int token)
    {
        int[] prompt = SimulatedSessions.Prompt(7);
        Run run = Kill(
            2,
            prompt,
            chunkTokens: 32,
            (at, _, now) => now == StagePhase.Ringed && at >= prompt.Length - 1 + token,
            first: TimeSpan.FromMilliseconds(200));

        AssertWhole(run, prompt, $"token {token}");
        Assert.That(run.Nodes[0].Recorder.Computed(0, prompt.Length + token), Is.GreaterThan(0), "the ring was told");
    }

    [Test]
    public void Two_nodes_with_other_cuts_replace_one()
    {
        int[] prompt = SimulatedSessions.Prompt(20);
        Run run = Kill(
            1,
            prompt,
            chunkTokens: 32,
            (at, _, now) => now == StagePhase.Computed && at == 25,
            spans: [(0, 2), (2, 5), (5, 6), (2, 3), (3, 5)]);

        AssertWhole(run, prompt, "other cuts");
        Assert.That(run.Result!.Route.ToString(), Is.EqualTo("n0[0:2] · n3[2:3] · n4[3:5] · n2[5:6]"));
        AssertNothingTwiceBehind(run, 1, "other cuts");
    }

    [Test]
    public void A_neighbour_takes_over_the_blocks_of_a_dead_stage()
    {
        int[] prompt = SimulatedSessions.Prompt(20);
        Run run = Kill(
            1,
            prompt,
            chunkTokens: 32,
            (at, _, now) => now == StagePhase.Computed && at == 25,
            spans: [(0, 2), (2, 6), (2, 4), (4, 6), (0, 4)],
            slow: [2, 3, 4]);

        AssertWhole(run, prompt, "neighbour");
    }

    [Test]
    public void A_replacement_may_die_during_its_replay()
    {
        int[] prompt = SimulatedSessions.Prompt(20);
        Run run = Kill(
            1,
            prompt,
            chunkTokens: 8,
            (at, _, now) => now == StagePhase.Computed && at == 30,
            spans: [(0, 2), (2, 4), (4, 6), (2, 4), (2, 4)],
            also: [3]);

        AssertWhole(run, prompt, "second replacement", lost: 2);
        AssertNothingTwiceBehind(run, 1, "second replacement");
    }

    [Test]
    public void A_route_of_one_stage_is_replaced_whole()
    {
        int[] prompt = SimulatedSessions.Prompt(20);
        Run run = Kill(
            0,
            prompt,
            chunkTokens: 8,
            (at, _, now) => now == StagePhase.Computed && at == 30,
            spans: [(0, 6), (0, 6)]);

        AssertWhole(run, prompt, "one stage");
    }

    // Nodes 0, 1, 2 are the route; the others replace. The stage dies when `dies` says so, each of `also` at its first
    // computed step.
    private static Run Kill(
        int stage,
        int[] prompt,
        int chunkTokens,
        Func<int, int, StagePhase, bool> dies,
        TimeSpan first = default,
        (int First, int Last)[]? spans = null,
        int[]? also = null,
        int[]? slow = null)
    {
        var simulation = new SimulatedSessions(seed: 1);
        var run = new Run(new ListenerRecorder(), simulation.Swarm.Nodes);

        simulation.Loop.Run(async () =>
        {
            foreach ((int from, int to) in spans ?? [(0, 2), (2, 4), (4, 6), (0, 2), (2, 4), (4, 6)])
            {
                _ = simulation.Add(from, to);
            }

            foreach (int node in slow ?? [])
            {
                simulation.Swarm.Nodes[node].Offer.DecodePerBlockMs = 3;
            }

            DieWhen(simulation, simulation.Swarm.Nodes[stage], dies, first);

            foreach (int node in also ?? [])
            {
                DieWhen(simulation, simulation.Swarm.Nodes[node], (_, _, now) => now == StagePhase.Computed, default);
            }

            SwarmGenerator origin = simulation.Swarm.Origin(new GenerationOptions { ChunkTokens = chunkTokens });
            run.Result = await origin.GenerateAsync(
                simulation.Swarm.Request(prompt, Tokens), run.Listener, CancellationToken.None);
            await simulation.Swarm.DisposeAsync();
        });

        return run;
    }

    private static void DieWhen(
        SimulatedSessions simulation,
        StageNode node,
        Func<int, int, StagePhase, bool> dies,
        TimeSpan first)
    {
        bool dead = false;

        node.Recorder.OnStep = async (_, position, count, phase) =>
        {
            if (!dead && dies(position, count, phase))
            {
                dead = true;
                await Task.Delay(first, simulation.Loop.Clock);
                simulation.Kill(node.Id);
            }

            if (dead)
            {
                throw new OperationCanceledException("The process is dead.");
            }
        };
    }

    private static void AssertWhole(Run run, int[] prompt, string where, int lost = 1)
    {
        Assert.That(run.Result!.Tokens, Is.EqualTo(SimulatedSessions.Oracle(prompt, Tokens)), where);
        Assert.That(run.Listener.Tokens, Is.EqualTo(run.Result.Tokens), where);

        // Whoever dies after its last word is not missed.
        Assert.That(run.Listener.Lost, Has.Count.InRange(0, lost), where);
        Assert.That(run.Listener.Pauses, Is.All.LessThan(PauseMax), where);
    }

    private static void AssertNothingTwiceBehind(Run run, int stage, string where)
    {
        for (int behind = stage + 1; behind < 3; behind++)
        {
            Assert.That(run.Nodes[behind].Recorder.MostOften, Is.EqualTo(1), $"{where}, node {behind}");
        }
    }

    private sealed class Run(ListenerRecorder listener, IReadOnlyList<StageNode> nodes)
    {
        public ListenerRecorder Listener { get; } = listener;

        public IReadOnlyList<StageNode> Nodes { get; } = nodes;

        public GenerationResult? Result { get; set; }
    }
}
