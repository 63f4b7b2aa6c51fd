using Swarm.Dht;
using Swarm.Node.Generation;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;
using Swarm.Testing.Sessions;

namespace Swarm.Simulator;

/// <summary>
/// A whole swarm: nodes choose blocks by the real placement, announce them, serve sessions with the real stage service and
/// a toy model; readers plan routes, origins generate over them, and nodes die, those in use, too.
/// </summary>
public static class RoutesCase
{
    private const int BlockCount = 24;
    private const int BlocksPerNode = 8;
    private const int Origins = 4;
    private const double SettleSeconds = 60;
    private const double AimSeconds = 10;

    // As a node announces itself in life.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PerRowAndBlock = TimeSpan.FromMilliseconds(0.25);

    /// <summary>Tells the story for <see cref="SimulatorOptions.Minutes"/>.</summary>
    public static List<Finding> Run(SimulatorOptions options, Watch watch)
    {
        var findings = new List<Finding>();
        var loop = new SimulationLoop(options.Seed);
        loop.Run(async () =>
        {
            var network = new SimulatedNetworkOptions { StallRate = options.Loss };
            var swarm = new DhtSwarm(loop, new DhtOptions(), network, copies: true);
            using var invariants = DhtInvariants.Watch(swarm, $"case routes, {options.Nodes} nodes,");
            var story = new RoutesStory(swarm, new Holdings(swarm, BlockCount, Lease), options);
            await story.PlayAsync();
            swarm.CheckInvariants();
            story.Report(findings);
            findings.Add(new Finding("invariants held, so many times", $"{invariants.Checks}"));
            Console.Error.WriteLine($"routes: {watch.RealSeconds:F0} s of real time");
        });
        return findings;
    }

    private sealed class RoutesStory(DhtSwarm swarm, Holdings holdings, SimulatorOptions options)
    {
        private readonly Dictionary<NodeId, StageService> _services = [];
        private readonly List<OriginWatch> _origins = [];
        private readonly Samples _goneSeconds = new();
        private readonly Samples _pauseSeconds = new();
        private readonly List<string> _faults = [];
        private int _planned;
        private int _routed;
        private int _finished;
        private int _failed;
        private int _changed;
        private int _died;
        private bool _isOver;

        internal async Task PlayAsync()
        {
            swarm.Entered += Equip;
            swarm.Populate(options.Nodes);
            await Task.WhenAll(swarm.Members.ToArray().Select(member => SettleAsync(member, SettleSeconds / 2)));

            for (int i = 0; i < Origins; i++)
            {
                _origins.Add(new OriginWatch(swarm, holdings, await swarm.JoinAsync(server: false), i));
            }

            Task[] going =
            [
                PlanAsync(), ChurnAsync(), AimAsync(), .. _origins.Select(GenerateAsync),
            ];
            await swarm.WaitAsync(60 * options.Minutes);
            _isOver = true;
            await Task.WhenAll(going);
        }

        internal void Report(List<Finding> findings)
        {
            findings.Add(new Finding("nodes that died, some of them in use", $"{_died}"));
            findings.Add(Finding.AtLeast("routes planned, of those that could be", (double)_routed / _planned, 1));
            findings.Add(Finding.AtMost("routes through what is not there", _faults.Count, 0, ""));
            findings.Add(new Finding("generations finished", $"{_finished}"));
            findings.Add(Finding.AtMost("generations that ended with an error", _failed, 0, ""));
            findings.Add(Finding.AtMost("tokens that differ from the model's own", _changed, 0, ""));
            findings.Add(new Finding("stages killed in use", $"{_goneSeconds.Count}"));
            findings.Add(new Finding("given up by who used it, median", $"{_goneSeconds.Quantile(0.5):F2} s"));
            findings.Add(Finding.AtMost("given up by who used it, slowest", _goneSeconds.Quantile(1), 3, "s"));
            findings.Add(new Finding("and the generation went on, median", $"{_pauseSeconds.Quantile(0.5):F2} s"));
            findings.Add(new Finding("and the generation went on, slowest", $"{_pauseSeconds.Quantile(1):F2} s"));
            _faults.Take(5).ToList().ForEach(fault => findings.Add(new Finding(fault[..Math.Min(fault.Length, 300)], "")));
        }

        private void Equip(DhtMember member)
        {
            if (member.IsServer)
            {
                _services[member.Id] = new StageService(
                    member.Links,
                    member.Id,
                    Holdings.Swarm,
                    member.Clock,
                    new VirtualExecutor(member.Clock, PerRowAndBlock),
                    new ServingOptions { Check = member.Key.Check },
                    new StageRecorder());
            }
        }

        private async Task SettleAsync(DhtMember member, double spreadSeconds)
        {
            try
            {
                await swarm.WaitAsync(spreadSeconds * swarm.Loop.Random.NextDouble());
                await holdings.SettleAsync(
                    member,
                    BlocksPerNode,
                    blocks => _services[member.Id].Serve(holdings.Model, new ToyEngine(blocks, BlockCount)));
            }
            catch (OperationCanceledException)
            {
                // It died before it served.
            }
        }

        // Readers that want no more than to know a way.
        private async Task PlanAsync()
        {
            while (!_isOver)
            {
                await swarm.WaitAsync(1);
                DhtMember reader = swarm.Pick();
                long begun = swarm.Loop.Clock.GetTimestamp();
                SwarmView view;

                try
                {
                    view = await holdings.DirectoryOf(reader).ReadAsync(CancellationToken.None);
                }
                catch (OperationCanceledException)
                {
                    // It died while it read.
                    continue;
                }

                Route? route = holdings.Plan(view);
                _planned += route is not null || holdings.Covers(holdings.Sure(begun)) ? 1 : 0;
                _routed += route is not null ? 1 : 0;

                if (route is not null && holdings.Fault(route) is { } fault)
                {
                    _faults.Add(fault);
                }
            }
        }

        private async Task ChurnAsync()
        {
            double perSecond = options.HalfLife > 0 ? options.Nodes * Math.Log(2) / (60 * options.HalfLife) : 0;

            while (!_isOver && perSecond > 0)
            {
                await swarm.WaitAsync(Math.Min(30, -Math.Log(1 - swarm.Loop.Random.NextDouble()) / perSecond));
                DhtMember dead = swarm.Pick();

                if (dead.IsServer)
                {
                    Replace(dead, silently: swarm.Loop.Random.Next(2) == 0);
                }
            }
        }

        // Every few seconds one that is in use.
        private async Task AimAsync()
        {
            while (!_isOver)
            {
                await swarm.WaitAsync(AimSeconds);
                OriginWatch origin = _origins[swarm.Loop.Random.Next(Origins)];

                if (origin.Route is { } route && origin.IsFlowing)
                {
                    Stage stage = route.Stages[swarm.Loop.Random.Next(route.Stages.Count)];

                    if (swarm.Members.FirstOrDefault(one => one.Id == stage.Node) is { } target)
                    {
                        Replace(target, silently: swarm.Loop.Random.Next(2) == 0);
                        origin.Watch(target.Id);
                    }
                }
            }
        }

        private void Replace(DhtMember dead, bool silently)
        {
            _died++;
            dead.Kill(silently);
            DhtMember born = swarm.Add();
            DhtMember[] doors = [.. swarm.Servers.Where(one => one != born)];
            _ = StartAsync(born, [.. swarm.Loop.Random.GetItems(doors, 2).Select(door => door.Address)]);
        }

        private async Task StartAsync(DhtMember born, Protocol.Transport.PeerAddress[] bootstraps)
        {
            try
            {
                _ = await born.StartAsync(bootstraps);
                await SettleAsync(born, spreadSeconds: 0);
            }
            catch (OperationCanceledException)
            {
                // It died young.
            }
        }

        private async Task GenerateAsync(OriginWatch origin)
        {
            while (!_isOver)
            {
                try
                {
                    GenerationResult result = await origin.GenerateAsync();
                    _finished++;
                    _changed += result.Tokens.SequenceEqual(origin.Expected) ? 0 : 1;
                    result.Pauses.ToList().ForEach(pause => _pauseSeconds.Add(pause.TotalSeconds));
                }
                catch (RouteException e)
                {
                    _failed++;
                    _faults.Add(e.Message);
                }

                _goneSeconds.Add(origin.TakeGone());
                await swarm.WaitAsync(0.5);
            }
        }
    }
}
