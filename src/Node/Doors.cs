using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>The ways from a command into a swarm: the addresses a person gives, or the node that runs here.</summary>
internal static class Doors
{
    /// <summary>Where to start from; empty when there is no way in.</summary>
    public static IReadOnlyList<PeerAddress> Find(IReadOnlyList<PeerAddress> bootstrap, string folder)
        => bootstrap.Count > 0
            ? bootstrap
            : LocalNode.Find(folder) is { } node && PeerAddress.TryParse(node.Address, out PeerAddress? address)
                ? [address]
                : [];

    /// <summary>Joins as a guest that serves nothing and whom nobody dials.</summary>
    /// <exception cref="CommandException">There is no way in, or nobody opened.</exception>
    public static async Task<SwarmMember> EnterAsync(
        string swarm,
        IReadOnlyList<PeerAddress> bootstrap,
        string folder,
        CancellationToken cancel)
    {
        IReadOnlyList<PeerAddress> doors = Find(bootstrap, folder);

        if (doors.Count == 0)
        {
            throw CommandException.Failed(
                $"no node of swarm '{swarm}' runs here: start one with 'swarm join', or name one with --bootstrap "
                    + "HOST:PORT.");
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
}
