using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>How a node gets into its swarm: by the addresses it was given, and over the local network.</summary>
internal sealed class SwarmEntrance(NodeOptions options, SwarmMember member, TimeProvider time, ILogger log)
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
        if (options.Bootstrap.Count == 0 && lan is not null)
        {
            await LookAroundAsync(lan, stop);
        }

        try
        {
            await member.EnterAsync(options.Bootstrap, stop);
        }
        catch (LinkClosedException gone) when (lan is not null && !gone.IsTurnedAway)
        {
            // A code keeps the addresses of the day it was made; its swarm may still be around.
            if (!await lan.MeetFirstAsync(LookMax, stop))
            {
                throw;
            }
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
