using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>
/// How a node gets into its swarm: by the addresses it was given, over the local network, and by those of its last run.
/// </summary>
internal sealed class SwarmEntrance(
    NodeOptions options, SwarmMember member, RememberedNodes remembered, TimeProvider time, ILogger log)
{
    // Nodes that start together announce themselves within a second; more is not worth waiting for.
    private static readonly TimeSpan LookMax = TimeSpan.FromMilliseconds(1250);

    /// <summary>Begins to announce the node and to look for others; null where it listens on loopback only.</summary>
    public HintDialler? StartLan()
    {
        if (!options.Lan || IPAddress.IsLoopback(options.Listen.Address))
        {
            return null;
        }

        var service = new LanService(
            member.Key.Id, member.Swarm, new IPEndPoint(options.Listen.Address, member.Addresses[0].Port));
        var discovery = new LanDiscovery(member.Swarm, service, time, new EntropyRandom(), log);
        HintDialler dialler = member.CreateDialler(discovery, time, log);
        dialler.Start();
        return dialler;
    }

    /// <summary>Joins, or begins a swarm where nobody is.</summary>
    /// <exception cref="LinkClosedException">Nobody answers, at none of the addresses that were given.</exception>
    /// <exception cref="FaultException">The only ones who answer are of another swarm or version.</exception>
    public async Task PassAsync(HintDialler? lan, CancellationToken stop)
    {
        IReadOnlyList<PeerAddress> before = remembered.Load();

        if (before.Count > 0)
        {
            NodeLog.NodesRemembered(log, before.Count);
        }

        if (options.Bootstrap.Count == 0 && lan is not null)
        {
            await LookAroundAsync(lan, stop);
        }

        try
        {
            await member.EnterAsync(options.Bootstrap, before, stop);
        }
        catch (Exception gone) when (gone is LinkClosedException or FaultException)
        {
            // A code keeps the addresses of the day it was made, and others may have them now; its swarm may still be
            // around.
            bool isMet = lan is not null && await lan.MeetFirstAsync(LookMax, stop);

            if (!isMet && (before.Count == 0 || !await member.Dht.BootstrapAsync(before, stop)))
            {
                throw;
            }

            NodeLog.DoorsClosed(log, gone.Message);
        }
    }

    // Who finds nobody of his own may have meant the swarm next to him.
    private async Task LookAroundAsync(HintDialler lan, CancellationToken stop)
    {
        using var look = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task<IReadOnlyList<LanHint>> looking = LanNeighbours.LookAsync(member.Swarm, time, look.Token);
        bool hasMet = await lan.MeetFirstAsync(LookMax, stop);

        if (hasMet)
        {
            await look.CancelAsync();
        }

        IReadOnlyList<LanHint> others = await looking;

        if (!hasMet)
        {
            LanLog.Alone(log, options.Swarm);
        }

        if (!hasMet && others.Count > 0)
        {
            LanLog.OtherSwarm(log, LanNeighbours.Where(others));
        }
    }
}
