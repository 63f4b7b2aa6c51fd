using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Node.Access;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>
/// The ways from a command into a swarm: the addresses a person gives, the node that runs here, a node that is
/// announced on the local network, or one that the node of this device met when it ran last.
/// </summary>
internal static class Doors
{
    // Nodes answer within milliseconds; a wireless network may lose the first two questions.
    private static readonly TimeSpan LookMax = TimeSpan.FromMilliseconds(1500);

    /// <summary>Joins as a guest that serves nothing and whom nobody dials.</summary>
    /// <exception cref="CommandException">There is no way in, or no key.</exception>
    /// <exception cref="LinkClosedException">Nobody opened.</exception>
    public static async Task<SwarmMember> EnterAsync(SwarmChoice choice, CancellationToken cancel)
    {
        if (choice.Doors.Count == 0)
        {
            return await TryEnterUntoldAsync(choice, cancel)
                ?? throw CommandException.Failed(
                    $"no node of swarm '{choice.Name}' runs here{Nearby(choice)}: start one with 'swarm join', or "
                        + await AdviseAsync(choice, cancel));
        }

        SwarmMember member = CreateGuest(choice);

        try
        {
            member.Start();
            await member.EnterAsync(choice.Doors, remembered: [], cancel);
            return member;
        }
        catch (Exception gone) when (gone is LinkClosedException or FaultException)
        {
            await member.DisposeAsync();

            // A code keeps the addresses of the day it was made, and others may have them now; its swarm may still be
            // around.
            if (await TryEnterElsewhereAsync(choice, cancel) is { } found)
            {
                return found;
            }

            throw;
        }
        catch
        {
            await member.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Joins as a guest where nobody said an address: over the local network, or through a node that the node of this
    /// device met when it ran last.
    /// </summary>
    /// <returns>Null when nobody is there, and without a key of the swarm.</returns>
    public static async Task<SwarmMember?> TryEnterUntoldAsync(SwarmChoice choice, CancellationToken cancel)
    {
        try
        {
            if (await TryEnterByLanAsync(choice, cancel) is { } near)
            {
                return near;
            }
        }
        catch (Exception refusal) when (refusal is LinkClosedException or FaultException)
        {
            // Who refuses here may be of another swarm of the same name.
            if (await TryEnterByMemoryAsync(choice, cancel) is { } met)
            {
                return met;
            }

            throw;
        }

        return await TryEnterByMemoryAsync(choice, cancel);
    }

    // Where a named door is closed that says more than why others are.
    private static async Task<SwarmMember?> TryEnterElsewhereAsync(SwarmChoice choice, CancellationToken cancel)
    {
        try
        {
            return await TryEnterUntoldAsync(choice, cancel);
        }
        catch (Exception refusal) when (refusal is LinkClosedException or FaultException)
        {
            return null;
        }
    }

    private static async Task<SwarmMember?> TryEnterByMemoryAsync(SwarmChoice choice, CancellationToken cancel)
    {
        if (!choice.Keys.IsKnown)
        {
            return null;
        }

        SwarmMember member = CreateGuest(choice);
        bool isIn = false;

        try
        {
            IReadOnlyList<PeerAddress> met = new RememberedNodes(choice.Folder, member.Swarm).Load();

            if (met.Count > 0)
            {
                member.Start();
                await member.EnterAsync(met, remembered: [], cancel);
                isIn = true;
            }

            return isIn ? member : null;
        }
        catch (Exception gone) when (gone is LinkClosedException or FaultException)
        {
            return null;
        }
        finally
        {
            if (!isIn)
            {
                await member.DisposeAsync();
            }
        }
    }

    // Through the first node of the local network that proves to be of the swarm.
    private static async Task<SwarmMember?> TryEnterByLanAsync(SwarmChoice choice, CancellationToken cancel)
    {
        if (!choice.Lan || !choice.Keys.IsKnown)
        {
            return null;
        }

        SwarmMember member = CreateGuest(choice);

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

    /// <summary>
    /// What a person without a way in can do, as the end of a sentence; names another swarm's node if one is near.
    /// </summary>
    public static async Task<string> AdviseAsync(SwarmChoice choice, CancellationToken cancel)
    {
        const string Ways = "reach one with --join CODE ('swarm invite' prints it on a device of the swarm), or with "
            + "--bootstrap HOST:PORT.";

        if (!choice.Lan)
        {
            return Ways;
        }

        SwarmId? own = choice.Keys.IsKnown ? Own(choice) : null;
        IReadOnlyList<LanHint> others = await LanNeighbours.LookAsync(own, TimeProvider.System, cancel);
        return others.Count == 0
            ? Ways
            : $"{Ways} The local network has a node of another swarm, at {LanNeighbours.Where(others)}: run "
                + "'swarm invite' there and use its code here, or give --public if that swarm is public.";
    }

    private static string Nearby(SwarmChoice choice)
        => !choice.Keys.IsKnown ? ", and this device has no key to look for others with"
            : choice.Lan ? ", is found on the local network or answers where one was met last"
            : " or answers where one was met last";

    private static SwarmMember CreateGuest(SwarmChoice choice)
        => SwarmMember.CreateGuest(choice.Name, choice.Keys.OpenForGuest(), TimeProvider.System);

    private static SwarmId Own(SwarmChoice choice)
    {
        using SwarmKeyring? keyring = choice.Keys.OpenForGuest();
        return SwarmMember.IdOf(choice.Name, keyring);
    }
}
