using System.Net;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>A node that keeps port 4747 mapped at a scripted gateway, under the simulated clock.</summary>
internal sealed class MapperRun(SimulationLoop loop)
{
    public const int Port = 4747;
    private readonly CancellationTokenSource _stop = new();
    private Task _keeping = Task.CompletedTask;

    public ScriptedGateway Gateway { get; } = new(loop);

    public List<(TimeSpan At, MappingState State)> Said { get; } = [];

    public MappingState Last => Said[^1].State;

    /// <summary>The stated external endpoint, or the reason for none; nothing yet is empty.</summary>
    public string Now => Said.Count == 0 ? "" : Last.Mapping?.External.ToString() ?? Last.Why;

    /// <summary>Runs a story from its first moment; at its end the mapper must stop and close its ports.</summary>
    public static void Tell(int seed, Func<MapperRun, Task> story, Action<ScriptedGateway>? scene = null)
    {
        var loop = new SimulationLoop(seed);
        loop.Run(async () =>
        {
            var run = new MapperRun(loop);
            scene?.Invoke(run.Gateway);
            run.Start();
            await story(run);
            await run.LeaveAsync();
            NUnit.Framework.Assert.That(run.Gateway.OpenPorts, NUnit.Framework.Is.Zero, "ports left open");
        });
    }

    public Task PassAsync(TimeSpan time) => Task.Delay(time, loop.Clock);

    /// <summary>How long it took until the port led here, as this node says and as it is.</summary>
    public async Task<TimeSpan> MappedAsync(TimeSpan? patience = null)
    {
        TimeSpan start = Gateway.Now;
        await Waiting.UntilAsync(
            () => Said.Count > 0 && Last.Mapping is { } mapping && Gateway.LeadsHere(mapping.External.Port),
            loop.Clock,
            patience ?? TimeSpan.FromSeconds(1));
        return Gateway.Now - start;
    }

    /// <summary>Stops, and answers how long that took.</summary>
    public async Task<TimeSpan> LeaveAsync()
    {
        TimeSpan start = Gateway.Now;
        _stop.Cancel();
        await _keeping;
        return Gateway.Now - start;
    }

    private void Start()
        => _keeping = new PortMapper(Gateway, loop.Clock, new Random(loop.Random.Next())).KeepAsync(
            new IPEndPoint(IPAddress.Any, Port), state => Said.Add((Gateway.Now, state)), _stop.Token);
}
