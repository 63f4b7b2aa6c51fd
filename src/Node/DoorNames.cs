using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>The nodes behind names: a name of several records is a list of nodes, all of which are tried.</summary>
internal static class DoorNames
{
    /// <summary>16 records of one name: a lookup in the DHT leads to all others.</summary>
    public const int RecordsMax = 16;

    /// <summary>The doors, and behind each name of several addresses these addresses.</summary>
    /// <param name="doors">Addresses and names. A name stays: it may lead elsewhere later.</param>
    /// <param name="resolve">Asks the name's addresses.</param>
    /// <param name="cancel">Ends the questions.</param>
    public static async Task<IReadOnlyList<PeerAddress>> ExpandAsync(
        IReadOnlyList<PeerAddress> doors,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        CancellationToken cancel)
    {
        IEnumerable<PeerAddress>[] behind =
            await Task.WhenAll(doors.Select(door => ExpandAsync(door, resolve, cancel)));
        return [.. doors.Concat(behind.SelectMany(addresses => addresses)).Distinct()];
    }

    private static async Task<IEnumerable<PeerAddress>> ExpandAsync(
        PeerAddress door, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancel)
    {
        if (IPAddress.TryParse(door.Host, out _))
        {
            return [];
        }

        try
        {
            IPAddress[] records = await resolve(door.Host, cancel);
            return records.Length > 1
                ? records.Take(RecordsMax).Select(record => door with { Host = record.ToString() })
                : [];
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException)
        {
            return [];
        }
    }
}
