using System.Globalization;
using Swarm.Dht.Routing;
using Swarm.Node.Membership;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Node;

/// <summary>
/// The nodes that were met in the last run, in the node's folder: the way back in when nobody names an address. A line
/// names the swarm, each further one a node at an address, of which a node may have two; what is broken is as good as
/// none.
/// </summary>
/// <param name="folder">The node's folder.</param>
/// <param name="swarm">The swarm; those of another one are forgotten.</param>
internal sealed class RememberedNodes(string folder, SwarmId swarm)
{
    /// <summary>16 nodes: one of them is likely to be where it was, and all are asked within seconds.</summary>
    public const int NodesMax = 16;

    private const string FileName = "nodes.txt";

    // One at home, one on the internet.
    private const int AddressesMax = 2 * NodesMax;

    // An address has at most 350 letters.
    private const int FileBytesMax = 16 * 1024;

    private string File => Path.Combine(folder, FileName);

    /// <summary>Where they were.</summary>
    public IReadOnlyList<PeerAddress> Load()
    {
        try
        {
            if (!System.IO.File.Exists(File) || new FileInfo(File).Length > FileBytesMax)
            {
                return [];
            }

            string[] lines = System.IO.File.ReadAllLines(File);
            return lines.Length > 0 && lines[0] == swarm.ToString()
                ? [.. lines.Skip(1).Select(Read).OfType<PeerAddress>().Distinct().Take(AddressesMax)]
                : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Keeps them in the place of those before; nobody is no news.</summary>
    /// <param name="nodes">Who was met, the most important first.</param>
    public void Save(IEnumerable<Contact> nodes)
    {
        string[] lines = [.. nodes
            .Where(node => node.Addresses.Count > 0)
            .Take(NodesMax)
            .SelectMany(NamedDoors.Of)
            .Select(address => address.ToString())];
        string draft = string.Create(CultureInfo.InvariantCulture, $"{File}.{Environment.ProcessId}");

        if (lines.Length == 0)
        {
            return;
        }

        try
        {
            System.IO.File.WriteAllLines(draft, [swarm.ToString(), .. lines]);
            System.IO.File.Move(draft, File, overwrite: true);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // The next run asks the local network, or a person.
        }
    }

    private static PeerAddress? Read(string line)
        => PeerAddress.TryParse(line, out PeerAddress? address)
            && address.Node is not null
            && address.Host.Length <= WireLimits.HostLettersMax
            ? address
            : null;
}
