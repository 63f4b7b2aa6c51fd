using Swarm.Node.Generation;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Testing.Kademlia;
using Swarm.Testing.Sessions;

namespace Swarm.Simulator;

/// <summary>An origin that generates over the swarm, and how soon it gives up a stage that died under it.</summary>
internal sealed class OriginWatch : IGenerationListener
{
    private const int Tokens = 64;
    private const int PromptTokens = 8;

    private readonly DhtSwarm _swarm;
    private readonly SwarmGenerator _generator;
    private readonly GenerationRequest _request;
    private readonly Dictionary<NodeId, long> _watched = [];
    private readonly Samples _gone = new();

    internal OriginWatch(DhtSwarm swarm, Holdings holdings, DhtMember member, int number)
    {
        _swarm = swarm;
        var random = new Random(swarm.Loop.Random.Next());
        int[] prompt = SimulatedSessions.Prompt(PromptTokens + number);
        _request = new GenerationRequest
        {
            Model = holdings.Model,
            BlockCount = holdings.BlockCount,
            VocabularySize = 251,
            ContextLength = 4096,
            Prompt = prompt,
            TokensMax = Tokens,
            Sampling = SessionSwarm.NewSampling((ulong)number + 1),
        };
        Expected = ToyEngine.Generate(
            holdings.BlockCount, prompt, Tokens, SessionSwarm.NewSampling((ulong)number + 1));
        _generator = new SwarmGenerator(
            member.Links,
            member.Key,
            Holdings.Swarm,
            holdings.DirectoryOf(member),
            new PeerHealth(member.Clock, random),
            member.Clock,
            random);
    }

    /// <summary>What the model says, without any network.</summary>
    internal IReadOnlyList<int> Expected { get; }

    /// <summary>The route in use, or null.</summary>
    internal Route? Route { get; private set; }

    /// <summary>Whether tokens come.</summary>
    internal bool IsFlowing { get; private set; }

    internal async Task<GenerationResult> GenerateAsync()
    {
        try
        {
            return await _generator.GenerateAsync(_request, this, CancellationToken.None);
        }
        finally
        {
            (Route, IsFlowing) = (null, false);
            _watched.Clear();
        }
    }

    /// <summary>This stage has died now.</summary>
    internal void Watch(NodeId dead) => _watched[dead] = _swarm.Loop.Clock.GetTimestamp();

    /// <summary>How long each watched stage was believed, in seconds, since this was asked last.</summary>
    internal Samples TakeGone()
    {
        var taken = new Samples();
        taken.Add(_gone);
        _gone.Clear();
        return taken;
    }

    public bool OnToken(int id)
    {
        IsFlowing = true;
        return true;
    }

    public void OnRoute(Route route) => Route = route;

    public void OnStageLost(Stage stage, string why)
    {
        IsFlowing = false;

        if (_watched.Remove(stage.Node, out long died))
        {
            _gone.Add(_swarm.Loop.Clock.GetElapsedTime(died).TotalSeconds);
        }
    }

    public void OnRepaired(Route route, TimeSpan pause) => Route = route;
}
