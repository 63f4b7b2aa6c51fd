using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>
/// The ways from a command into a swarm: the addresses a person gives, the node that runs here, or a node that is
/// announced on the local network.
/// </summary>
internal static class Doors
{
    // Nodes answer within milliseconds; a wireless network may lose the first two questions.
    private static readonly TimeSpan LookMax = TimeSpan.FromMilliseconds(1500);

    /// <summary>Where to start from; empty when neither an address was given nor a node runs here.</summary>
    public static IReadOnlyList<PeerAddress> Find(IReadOnlyList<PeerAddress> bootstrap, string folder)
        => bootstrap.Count > 0
            ? bootstrap
            : LocalNode.Find(folder) is { } node && PeerAddress.TryParse(node.Address, out PeerAddress? address)
                ? [address]
                : [];

    /// <summary>Joins as a guest that serves nothing and whom nobody dials.</summary>
    /// <param name="swarm">The swarm's name.</param>
    /// <param name="doors">Where to start from.</param>
    /// <param name="lan">Whether to look around when there is no door.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="CommandException">There is no way in.</exception>
    public static async Task<SwarmMember> EnterAsync(
        string swarm, IReadOnlyList<PeerAddress> doors, bool lan, CancellationToken cancel)
    {
        if (doors.Count == 0)
        {
            return lan && await TryEnterByLanAsync(swarm, cancel) is { } found
                ? found
                : throw CommandException.Failed(
                    $"no node of swarm '{swarm}' runs here{(lan ? " or is found on the local network" : "")}: start "
                        + "one with 'swarm join', or name one with --bootstrap HOST:PORT.");
        }

        var member = SwarmMember.CreateGuest(swarm, TimeProvider.System);

        try
        {
            member.Start();
            await member.EnterAsync(doors, cancel);
            return member;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <summary>Joins as a guest through the first node of the local network that proves to be of the swarm.</summary>
    /// <returns>Null when there is none.</returns>
    public static async Task<SwarmMember?> TryEnterByLanAsync(string swarm, CancellationToken cancel)
    {
        var member = SwarmMember.CreateGuest(swarm, TimeProvider.System);

        try
        {
            member.Start();
            var discovery = new LanDiscovery(
                member.Swarm, service: null, TimeProvider.System, new EntropyRandom(), NullLogger.Instance);
            await using HintDialler dialler = member.CreateDialler(discovery, TimeProvider.System, NullLogger.Instance);
            dialler.Start();

            if (await dialler.MeetFirstAsync(LookMax, cancel))
            {
                return member;
            }

            // Somebody was there: why it is no way in helps more than that there is none.
            if (dialler.LastRefusal is { } reason)
            {
                throw reason;
            }
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }

        await member.DisposeAsync();
        return null;
    }
}
