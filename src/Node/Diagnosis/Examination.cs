using System.Net;
using System.Net.NetworkInformation;
using Swarm.Node.Access;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Diagnosis;

/// <summary>Looks at everything a node needs to find others and to be found, all at once.</summary>
internal static class Examination
{
    /// <summary>Looks.</summary>
    /// <param name="choice">The swarm that is meant.</param>
    /// <param name="asksRouter">Whether to ask the router for a port.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The findings, from the cable up.</returns>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        SwarmChoice choice, bool asksRouter, TimeProvider time, CancellationToken cancel)
    {
        IReadOnlyList<LanInterface> interfaces = FindInterfaces();
        var key = KeyFacts.Read(choice.Keys);
        SwarmId? own = OwnSwarm(choice, key);
        Task<PortTrial>? trial = asksRouter ? PortTrial.RunAsync(time, cancel) : null;
        var here = NodeHere.Find(choice.Folder, own);
        Task<SwarmVisit> visiting = SwarmVisit.PayAsync(
            choice, here is { IsMeant: true } ? here.Address : null, time, cancel);
        Task<IReadOnlyList<HeardInterface>>? hearing =
            choice.Lan ? MulticastProbe.RunAsync(interfaces, time, cancel) : null;
        IReadOnlyList<LanHint> announced = choice.Lan ? await LanNeighbours.LookAsync(own: null, time, cancel) : [];
        IReadOnlyList<HeardInterface>? heard = hearing is null ? null : await hearing;
        PortTrial? port = trial is null ? null : await trial;
        SwarmVisit visit = await visiting;

        return
        [
            Findings.Interfaces(interfaces),
            Findings.LocalNetwork(heard, announced, own, here?.Address?.Node),
            Findings.PortMapping(port),
            Findings.Reachability(here, visit),
            Findings.OutsidePort(here, visit),
            Findings.Relays(here, visit),
            Findings.Clock(visit.ClockLeads, time.GetUtcNow()),
            Findings.Key(key),
            Findings.Swarm(choice.Name, visit),
        ];
    }

    private static IReadOnlyList<LanInterface> FindInterfaces()
    {
        try
        {
            return LanInterfaces.Find(IPAddress.IPv6Any);
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }

    private static SwarmId? OwnSwarm(SwarmChoice choice, KeyFacts key)
    {
        if (key.Refusal is not null || (!key.IsPublic && key.Count == 0))
        {
            return null;
        }

        using SwarmKeyring? keyring = choice.Keys.OpenForGuest();
        return SwarmMember.IdOf(choice.Name, keyring);
    }
}
