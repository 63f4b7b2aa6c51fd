using Microsoft.Extensions.Logging;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Access;

/// <summary>
/// Where the keys of a swarm come from: a join code, a file that a person names, or the node's folder.
/// </summary>
/// <param name="Folder">The folder of the swarm's node on this device.</param>
internal sealed record KeySource(string Folder)
{
    private const string FileName = "swarm.key";

    /// <summary>The file a person named; null when none was.</summary>
    public string? NamedFile { get; init; }

    /// <summary>Whether a person asked for a swarm that everybody may join.</summary>
    public bool IsPublic { get; init; }

    /// <summary>What a person was given; null when nothing was.</summary>
    public JoinCode? Code { get; init; }

    /// <summary>The file in which a node keeps its keyring; null in a public swarm.</summary>
    public string? File => IsPublic || Code is { Keyring: null } ? null : NamedFile ?? DefaultFile;

    /// <summary>Whether a key is here, or word that the swarm has none.</summary>
    public bool IsKnown
        => IsPublic || Code is not null || NamedFile is not null || System.IO.File.Exists(DefaultFile)
            || LocalNode.Find(Folder) is not null;

    private string DefaultFile => Path.Combine(Folder, FileName);

    /// <summary>
    /// The keyring of a node that serves: the one it has, the one of the code, or a new one for a swarm it founds.
    /// </summary>
    /// <param name="dials">Whether it goes to others, whose key a new one could not be.</param>
    /// <param name="log">Told of a new key.</param>
    /// <exception cref="CommandException">There is no key, or the one here is of another swarm.</exception>
    /// <exception cref="IdentityException">A key file cannot be used.</exception>
    public SwarmKeyring? OpenForNode(bool dials, ILogger log)
    {
        if (File is not { } file)
        {
            return null;
        }

        if (Code is { Keyring: { } theirs })
        {
            MakeWay(file, theirs, log);
            Add(file, theirs);
        }
        else if (NamedFile is null && !System.IO.File.Exists(file))
        {
            if (dials)
            {
                throw CommandException.Failed("a swarm is joined with its key: run 'swarm invite' on a device that is "
                    + "in it, then 'swarm join CODE' here (or --swarm-key FILE; or --public if that swarm is public).");
            }

            SwarmKeyFile.LoadOrCreate(file).Dispose();
            NodeLog.KeyMade(log, file);
        }

        return SwarmKeyFile.Load(file);
    }

    /// <summary>
    /// The keyring of a command that asks one question; null in a public swarm. It becomes the caller's.
    /// </summary>
    /// <exception cref="CommandException">There is no key here, and no word that the swarm is public.</exception>
    /// <exception cref="IdentityException">A key file cannot be used.</exception>
    public SwarmKeyring? OpenForGuest()
    {
        if (Code is not null)
        {
            return Code.Keyring?.Copy();
        }

        if (!IsKnown)
        {
            throw CommandException.Failed($"there is no swarm key in {Folder}: give --join CODE ('swarm invite' prints "
                + "it on a device of the swarm), or --swarm-key FILE, or --public if that swarm is public.");
        }

        return FileHere() is { } file ? SwarmKeyFile.Load(file) : null;
    }

    /// <summary>
    /// The key file of the node that runs here, or ran here; null when it is of a public swarm, or there is none.
    /// </summary>
    public string? FileHere()
    {
        if (IsPublic || NamedFile is not null)
        {
            return File;
        }

        if (LocalNode.Find(Folder) is { } node)
        {
            return node.KeyFile;
        }

        return System.IO.File.Exists(DefaultFile) ? DefaultFile : null;
    }

    // Who was in a swarm of his own before he was given a code means the code. A file that he named is his own to move.
    private void MakeWay(string file, SwarmKeyring theirs, ILogger log)
    {
        if (NamedFile is not null || !System.IO.File.Exists(file))
        {
            return;
        }

        using SwarmKeyring ours = SwarmKeyFile.Load(file);

        if (ours.Origin != theirs.Origin)
        {
            string kept = Path.Combine(Folder, $"swarm-{ours.Primary.Id:x16}.key");
            System.IO.File.Move(file, kept, overwrite: true);
            NodeLog.KeySetAside(log, kept);
        }
    }

    /// <summary>
    /// Takes a key that the file does not hold yet as the one to prove with; those that it holds are still accepted.
    /// </summary>
    /// <exception cref="CommandException">The file's keys are of another swarm.</exception>
    public static void Add(string file, SwarmKeyring theirs)
    {
        if (!System.IO.File.Exists(file))
        {
            SwarmKeyFile.Save(file, theirs);
            return;
        }

        using SwarmKeyring ours = SwarmKeyFile.Load(file);

        if (ours.Origin != theirs.Origin)
        {
            throw CommandException.Failed($"{file} holds the key of another swarm: take this one with 'swarm join "
                + "CODE', or from a folder of its own with --data-dir DIR.");
        }

        // A code from before a rotation must not bring its key back to the front.
        if (ours.Keys.All(key => key.Id != theirs.Primary.Id))
        {
            using var both = new SwarmKeyring([theirs.Primary, .. ours.Keys], ours.Origin);
            SwarmKeyFile.Save(file, both);
        }
    }
}
