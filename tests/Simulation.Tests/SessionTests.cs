using NUnit.Framework;
using Swarm.Node.Generation;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

[TestFixture]
public sealed class SessionTests
{
    [Test]
    public void Three_stages_tell_the_same_as_one_process([Values(1, 5, 40, 100)] int promptLength)
    {
        var simulation = new SimulatedSessions(seed: 1);
        int[] prompt = SimulatedSessions.Prompt(promptLength);
        var listener = new ListenerRecorder();
        GenerationResult? result = null;

        simulation.Loop.Run(async () =>
        {
            _ = simulation.Add(0, 2);
            _ = simulation.Add(2, 4);
            _ = simulation.Add(4, 6);
            SwarmGenerator origin = simulation.Swarm.Origin();
            result = await origin.GenerateAsync(simulation.Swarm.Request(prompt, 32), listener, CancellationToken.None);
            await simulation.Swarm.DisposeAsync();
        });

        Assert.That(result!.Tokens, Is.EqualTo(SimulatedSessions.Oracle(prompt, 32)));
        Assert.That(listener.Tokens, Is.EqualTo(result.Tokens));
        Assert.That(result.Finish, Is.EqualTo(FinishReason.Length));
        Assert.That(result.Route.Stages, Has.Count.EqualTo(3));
        Assert.That(simulation.Swarm.Nodes.Select(node => node.Recorder.MostOften), Is.All.EqualTo(1));
    }
}
