using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Protocol.Identity;

namespace Swarm.Testing.Sessions;

/// <summary>A <see cref="SessionSwarm"/> of toy engines under the simulated clock and network.</summary>
public sealed class SimulatedSessions
{
    public const int Blocks = 6;

    public SimulatedSessions(int seed, SimulatedNetworkOptions? options = null, ServingOptions? serving = null)
    {
        Loop = new SimulationLoop(seed);
        Network = new SimulatedNetwork(Loop, options);
        Swarm = new SessionSwarm(
            Loop.Clock,
            (key, hello, listens) => Network.Attach(key.Id, hello, listens),
            blocks => new ToyEngine(blocks, Blocks),
            () => new VirtualExecutor(Loop.Clock, TimeSpan.FromMilliseconds(0.25)))
        {
            BlockCount = Blocks,
            Serving = serving ?? new ServingOptions(),
            Health = new PeerHealth(Loop.Clock, new Random(seed)),
        };
    }

    public SimulationLoop Loop { get; }

    public SimulatedNetwork Network { get; }

    public SessionSwarm Swarm { get; }

    public StageNode Add(int first, int last) => Swarm.Add(new BlockRange(first, last));

    /// <summary>The process of a node dies at once, in the middle of whatever it does.</summary>
    public void Kill(NodeId node) => Network.Kill(node);

    public static int[] Oracle(IReadOnlyList<int> prompt, int tokens, ulong seed = 1)
        => ToyEngine.Generate(Blocks, prompt, tokens, SessionSwarm.NewSampling(seed));

    public static int[] Prompt(int length) => [.. Enumerable.Range(0, length).Select(i => ((i * 37) + 11) % 251)];
}
