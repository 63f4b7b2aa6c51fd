using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Generation;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>Stages that stall, refuse or miscompute, origins that go: what happens, and when.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SessionFaultTests
{
    private static readonly int[] Prompt = SimulatedSessions.Prompt(12);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);

    [Test]
    public void A_frozen_stage_is_replaced_within_five_seconds_and_disturbs_nothing_when_it_wakes([Range(0, 2)] int stage)
    {
        var simulation = new SimulatedSessions(seed: 2);
        var listener = new ListenerRecorder();

        simulation.Loop.Run(async () =>
        {
            AddTwice(simulation);
            StageNode frozen = simulation.Swarm.Nodes[stage];
            listener.Wants = count =>
            {
                if (count == 5)
                {
                    simulation.Network.Freeze(frozen.Id);
                }

                if (count == 12)
                {
                    simulation.Network.Thaw(frozen.Id);
                }

                return true;
            };

            await AssertWholeAsync(simulation, listener, 40);
            await AssertAllFreeAsync(simulation);
        });

        Assert.That(listener.Lost, Has.Count.EqualTo(1));
        Assert.That(listener.Pauses.Single(), Is.LessThan(PauseMax));
    }

    [Test]
    public void A_stage_that_answers_but_computes_nothing_is_replaced_within_five_seconds([Range(0, 2)] int stage)
    {
        var simulation = new SimulatedSessions(seed: 3);
        var listener = new ListenerRecorder();

        simulation.Loop.Run(async () =>
        {
            AddTwice(simulation);
            var executor = (VirtualExecutor)simulation.Swarm.Nodes[stage].Executor;
            listener.Wants = count =>
            {
                if (count == 5)
                {
                    executor.Stall();
                }

                return true;
            };

            await AssertWholeAsync(simulation, listener, 24);
            executor.Resume();
            await AssertAllFreeAsync(simulation);
        });

        Assert.That(listener.Lost, Has.Count.EqualTo(1));
        Assert.That(listener.Lost[0], Does.StartWith($"n{stage}["));
        Assert.That(listener.Pauses.Single(), Is.LessThan(PauseMax));
    }

    [Test]
    public void A_machine_that_vanishes_without_a_reset_is_replaced_within_five_seconds([Range(0, 2)] int stage)
    {
        var simulation = new SimulatedSessions(seed: 4);
        var listener = new ListenerRecorder();

        simulation.Loop.Run(async () =>
        {
            AddTwice(simulation);
            listener.Wants = count =>
            {
                if (count == 5)
                {
                    simulation.Network.Vanish(simulation.Swarm.Nodes[stage].Id);
                }

                return true;
            };

            await AssertWholeAsync(simulation, listener, 24);
        });

        Assert.That(listener.Pauses.Single(), Is.LessThan(PauseMax));
    }

    [Test]
    public void A_link_that_breaks_between_two_living_nodes_costs_only_a_pause()
    {
        var simulation = new SimulatedSessions(seed: 5);
        var listener = new ListenerRecorder();

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            listener.Wants = count =>
            {
                if (count is 5 or 15)
                {
                    simulation.Network.ResetLinks(simulation.Swarm.Nodes[0].Id, simulation.Swarm.Nodes[1].Id);
                }

                return true;
            };

            await AssertWholeAsync(simulation, listener, 32);
        });

        Assert.That(listener.Pauses, Has.Count.EqualTo(2));
    }

    [Test]
    public void When_the_origin_dies_every_reservation_is_freed_by_its_lease()
    {
        var simulation = new SimulatedSessions(seed: 6);

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            SwarmGenerator origin = simulation.Swarm.Origin(out ITransport transport);
            var listener = new ListenerRecorder();
            Task<Exception?> generation = Catching.ErrorAsync(() => origin.GenerateAsync(
                simulation.Swarm.Request(Prompt, 4000), listener, CancellationToken.None));

            await Waiting.UntilAsync(() => listener.Tokens.Count > 3, simulation.Loop.Clock);
            Assert.That(simulation.Swarm.Nodes.Select(node => node.Service.SessionCount), Is.All.EqualTo(1));

            simulation.Network.Vanish(simulation.Network.Nodes.Last());
            await Task.Delay(new GenerationOptions().Lease + TimeSpan.FromSeconds(1), simulation.Loop.Clock);

            Assert.That(simulation.Swarm.Nodes.Select(node => node.Service.SessionCount), Is.All.EqualTo(0));
            Assert.That(
                simulation.Swarm.Nodes.Select(node => node.Service.KvBytesFree),
                Is.All.EqualTo(new ServingOptions().KvBytesMax));
            _ = await generation;
            await transport.DisposeAsync();
        });
    }

    [Test]
    public void Cancelling_ends_the_session_on_every_stage_at_once()
    {
        var simulation = new SimulatedSessions(seed: 7);
        using var cancel = new CancellationTokenSource();

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            var listener = new ListenerRecorder
            {
                Wants = count =>
                {
                    if (count == 5)
                    {
                        cancel.Cancel();
                    }

                    return true;
                },
            };
            SwarmGenerator origin = simulation.Swarm.Origin();
            Exception? error = await Catching.ErrorAsync(
                () => origin.GenerateAsync(simulation.Swarm.Request(Prompt, 100), listener, cancel.Token));

            Assert.That(error, Is.InstanceOf<OperationCanceledException>());
            await Task.Delay(TimeSpan.FromSeconds(1), simulation.Loop.Clock);
            Assert.That(simulation.Swarm.Nodes.Select(node => node.Service.SessionCount), Is.All.EqualTo(0));
        });
    }

    [Test]
    public void A_listener_that_has_enough_ends_the_generation_after_that_token()
    {
        var simulation = new SimulatedSessions(seed: 8);
        var listener = new ListenerRecorder { Wants = count => count < 6 };

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            GenerationResult result = await simulation.Swarm.Origin().GenerateAsync(
                simulation.Swarm.Request(Prompt, 100), listener, CancellationToken.None);

            Assert.That(result.Finish, Is.EqualTo(FinishReason.Listener));
            await AssertAllFreeAsync(simulation);
        });

        Assert.That(listener.Tokens, Is.EqualTo(SimulatedSessions.Oracle(Prompt, 6)));
    }

    [Test]
    public void A_stop_id_ends_the_generation_where_it_is_drawn()
    {
        var simulation = new SimulatedSessions(seed: 9);
        int[] oracle = SimulatedSessions.Oracle(Prompt, 40);
        int stop = oracle[17];

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            GenerationRequest request = simulation.Swarm.Request(Prompt, 40) with { StopIds = new HashSet<int> { stop } };
            GenerationResult result = await simulation.Swarm.Origin().GenerateAsync(
                request, new ListenerRecorder(), CancellationToken.None);

            Assert.That(result.Finish, Is.EqualTo(FinishReason.Stop));
            Assert.That(result.Tokens, Is.EqualTo(oracle.Take(Array.IndexOf(oracle, stop) + 1)));
        });
    }

    [Test]
    public void No_coverage_is_an_error_within_five_seconds_that_names_the_blocks()
    {
        var simulation = new SimulatedSessions(seed: 10);
        TimeSpan took = TimeSpan.Zero;
        Exception? error = null;

        simulation.Loop.Run(async () =>
        {
            _ = simulation.Add(0, 2);
            _ = simulation.Add(3, 5);
            long started = simulation.Loop.Clock.GetTimestamp();
            error = await Catching.ErrorAsync(() => simulation.Swarm.Origin().GenerateAsync(
                simulation.Swarm.Request(Prompt, 4), new ListenerRecorder(), CancellationToken.None));
            took = simulation.Loop.Clock.GetElapsedTime(started);
        });

        Assert.That(took, Is.LessThan(PauseMax));
        Assert.That(error, Is.InstanceOf<RouteException>().With.Message.Contains("2:3").And.Message.Contains("5:6"));
        Assert.That(((RouteException)error!).Missing, Is.EqualTo(new BlockRange[] { new(2, 3), new(5, 6) }));
    }

    [Test]
    public void The_last_holder_that_dies_gives_an_error_that_names_its_blocks_and_itself()
    {
        var simulation = new SimulatedSessions(seed: 11);
        Exception? error = null;
        TimeSpan died = TimeSpan.Zero;

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            var listener = new ListenerRecorder
            {
                Wants = count =>
                {
                    if (count == 5)
                    {
                        simulation.Kill(simulation.Swarm.Nodes[1].Id);
                        died = TimeSpan.FromTicks(simulation.Loop.Clock.GetTimestamp());
                    }

                    return true;
                },
            };
            error = await Catching.ErrorAsync(() => simulation.Swarm.Origin().GenerateAsync(
                simulation.Swarm.Request(Prompt, 40), listener, CancellationToken.None));
            died = TimeSpan.FromTicks(simulation.Loop.Clock.GetTimestamp()) - died;
        });

        Assert.That(error, Is.InstanceOf<RouteException>().With.Message.Contains("2:4").And.Message.Contains("n1"));
        Assert.That(died, Is.LessThan(TimeSpan.FromSeconds(15)));
    }

    [Test]
    public void Arithmetic_that_leaves_the_finite_numbers_ends_that_session_alone()
    {
        var simulation = new SimulatedSessions(seed: 12);

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            ((ToyEngine)simulation.Swarm.Nodes[1].Engine).Breaks = (block, position) => block == 3 && position == 30;
            Task<Exception?> broken = Catching.ErrorAsync(() => simulation.Swarm.Origin().GenerateAsync(
                simulation.Swarm.Request(Prompt, 40), new ListenerRecorder(), CancellationToken.None));
            GenerationResult sound = await simulation.Swarm.Origin().GenerateAsync(
                simulation.Swarm.Request(Prompt, 18), new ListenerRecorder(), CancellationToken.None);

            Assert.That(await broken, Is.InstanceOf<FaultException>().With.Property("Code").EqualTo(FaultCode.NotFinite));
            Assert.That(sound.Tokens, Is.EqualTo(SimulatedSessions.Oracle(Prompt, 18)));
            await AssertAllFreeAsync(simulation);
        });
    }

    [Test]
    public void A_stage_without_room_is_passed_over_for_one_that_has_some()
    {
        var simulation = new SimulatedSessions(seed: 13, serving: new ServingOptions { SessionsPerOriginMax = 1 });

        simulation.Loop.Run(async () =>
        {
            AddTwice(simulation);
            SwarmGenerator origin = simulation.Swarm.Origin();
            Task<GenerationResult>[] both =
            [
                .. Enumerable.Range(0, 2).Select(_ => origin.GenerateAsync(
                    simulation.Swarm.Request(Prompt, 16), new ListenerRecorder(), CancellationToken.None)),
            ];

            foreach (GenerationResult result in await Task.WhenAll(both))
            {
                Assert.That(result.Tokens, Is.EqualTo(SimulatedSessions.Oracle(Prompt, 16)));
            }
        });
    }

    [Test]
    public void Many_sessions_share_the_stages_and_each_tells_its_own()
    {
        var simulation = new SimulatedSessions(seed: 14);

        simulation.Loop.Run(async () =>
        {
            AddOnce(simulation);
            SwarmGenerator origin = simulation.Swarm.Origin();
            Task<GenerationResult>[] all =
            [
                .. Enumerable.Range(0, 8).Select(i => origin.GenerateAsync(
                    simulation.Swarm.Request(SimulatedSessions.Prompt(3 + i), 24, seed: (ulong)i),
                    new ListenerRecorder(),
                    CancellationToken.None)),
            ];
            GenerationResult[] results = await Task.WhenAll(all);

            for (int i = 0; i < results.Length; i++)
            {
                int[] oracle = SimulatedSessions.Oracle(SimulatedSessions.Prompt(3 + i), 24, (ulong)i);
                Assert.That(results[i].Tokens, Is.EqualTo(oracle));
            }
        });
    }

    private static void AddOnce(SimulatedSessions simulation)
    {
        _ = simulation.Add(0, 2);
        _ = simulation.Add(2, 4);
        _ = simulation.Add(4, 6);
    }

    private static void AddTwice(SimulatedSessions simulation)
    {
        AddOnce(simulation);
        AddOnce(simulation);
    }

    private static async Task AssertWholeAsync(SimulatedSessions simulation, ListenerRecorder listener, int tokens)
    {
        GenerationResult result = await simulation.Swarm.Origin().GenerateAsync(
            simulation.Swarm.Request(Prompt, tokens), listener, CancellationToken.None);

        Assert.That(result.Tokens, Is.EqualTo(SimulatedSessions.Oracle(Prompt, tokens)));
    }

    private static async Task AssertAllFreeAsync(SimulatedSessions simulation)
    {
        await Task.Delay(new GenerationOptions().Lease * 2, simulation.Loop.Clock);
        Assert.That(simulation.Swarm.Nodes.Select(node => node.Service.SessionCount), Is.All.EqualTo(0));
        Assert.That(
            simulation.Swarm.Nodes.Select(node => node.Service.KvBytesFree),
            Is.All.EqualTo(new ServingOptions().KvBytesMax));
    }
}
