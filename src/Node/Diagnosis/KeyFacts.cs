using Swarm.Node.Access;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Diagnosis;

/// <summary>Which keys this device has for a swarm.</summary>
/// <param name="Where">The file, or how else the key came here; null when the swarm is public.</param>
/// <param name="Count">How many keys are accepted; 0 when there is none.</param>
/// <param name="Refusal">Why the file cannot be used; null when it can.</param>
internal sealed record KeyFacts(string? Where, int Count, string? Refusal)
{
    /// <summary>Whether the swarm is one without a key.</summary>
    public bool IsPublic => Where is null;

    /// <summary>Looks where the commands look.</summary>
    public static KeyFacts Read(KeySource keys)
    {
        string where = keys.Folder;

        try
        {
            where = keys.Code is not null ? "the join code" : keys.FileHere() ?? keys.Folder;

            if (!keys.IsKnown)
            {
                return new KeyFacts(where, Count: 0, Refusal: null);
            }

            using SwarmKeyring? keyring = keys.OpenForGuest();
            return keyring is null
                ? new KeyFacts(Where: null, Count: 0, Refusal: null)
                : new KeyFacts(where, keyring.Keys.Count, Refusal: null);
        }
        catch (IdentityException refused)
        {
            return new KeyFacts(where, Count: 0, refused.Message);
        }
    }
}
