using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Diagnosis;

/// <summary>The node that runs on this device.</summary>
/// <param name="Address">Where it is dialled from here; null when its file does not say.</param>
/// <param name="IsMeant">Whether it is of the swarm that is asked about.</param>
internal sealed record NodeHere(PeerAddress? Address, bool IsMeant)
{
    /// <summary>Looks for it in its folder; null when none runs from there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="meant">The swarm that is asked about; null when there is no key to tell.</param>
    public static NodeHere? Find(string folder, SwarmId? meant)
        => LocalNode.Find(folder) is not { } node ? null
            : new NodeHere(
                PeerAddress.TryParse(node.Address, out PeerAddress? address) ? address : null,
                meant is null || SwarmOf(node) is not { } own || own == meant);

    private static SwarmId? SwarmOf(LocalNode node)
    {
        try
        {
            using SwarmKeyring? keyring = node.KeyFile is { } file ? SwarmKeyFile.Load(file) : null;
            return SwarmMember.IdOf(node.Swarm, keyring);
        }
        catch (IdentityException)
        {
            // What is wrong with the key is told elsewhere.
            return null;
        }
    }
}
