using System.CommandLine;
using Swarm.Node.Access;
using Swarm.Protocol.Identity;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm key</c>: replaces the swarm's key while its nodes run.</summary>
internal static class KeyCommand
{
    private static readonly string[] Examples =
    [
        "swarm key list",
        "swarm key rotate     # here; then 'swarm invite', and on each other device:",
        "swarm key add CODE",
        "swarm key drop       # on every device, when all have the new key",
    ];

    public static Command Create()
    {
        var verb = new Verb("key", "Lists and replaces the keys of a private swarm, while its nodes run.")
        {
            Examples = Examples,
        };
        verb.Subcommands.Add(Part("list", "Names the keys this device accepts, never their secrets.", List));
        verb.Subcommands.Add(
            Part("rotate", "Makes a new key; the old ones are accepted until they are dropped.", Rotate));
        verb.Subcommands.Add(Part("drop", "Drops all keys but the newest: who has only those is out at once.", Drop));
        verb.Subcommands.Add(AddPart());
        return verb;
    }

    private static Verb Part(string name, string description, Action<string> act)
    {
        var flags = new SwarmFlags();
        var part = new Verb(name, description) { Examples = Examples };
        AddTo(part, flags);
        part.SetAction(parsed =>
        {
            string file = FileOf(flags.Read(parsed));
            act(file);
            return ExitCode.Ok;
        });
        return part;
    }

    private static Verb AddPart()
    {
        var flags = new SwarmFlags();
        var code = new Argument<string>("code")
        {
            Description = "The line that 'swarm invite' prints where the new key is; '-' reads it from standard input.",
        };
        var part = new Verb("add", "Takes the new key of this swarm from a join code.") { Examples = Examples };
        part.Arguments.Add(code);
        AddTo(part, flags);
        part.SetAction(parsed =>
        {
            SwarmChoice choice = flags.Read(parsed, parsed.GetRequiredValue(code));

            if (choice.Keys.Code?.Keyring is not { } theirs)
            {
                throw CommandException.Usage("this code is of a public swarm, which has no key.");
            }

            string file = FileOf(choice);
            KeySource.Add(file, theirs);
            theirs.Dispose();
            List(file);
            return ExitCode.Ok;
        });
        return part;
    }

    private static void AddTo(Verb part, SwarmFlags flags)
    {
        foreach (Option option in flags.Here)
        {
            part.Options.Add(option);
        }
    }

    private static void List(string file)
    {
        using SwarmKeyring keyring = SwarmKeyFile.Load(file);

        foreach (SwarmKey key in keyring.Keys)
        {
            Console.Out.WriteLine($"{key}{(key == keyring.Primary ? ": in use" : ": accepted")}");
        }
    }

    private static void Rotate(string file)
    {
        using SwarmKeyring keyring = SwarmKeyFile.Load(file);
        using var next = new SwarmKeyring([SwarmKey.Create(), .. keyring.Keys], keyring.Origin);
        SwarmKeyFile.Save(file, next);
        List(file);
        Console.Error.WriteLine("Now run 'swarm invite' here and 'swarm key add CODE' on each other device; then "
            + "'swarm key drop' on all.");
    }

    private static void Drop(string file)
    {
        using SwarmKeyring keyring = SwarmKeyFile.Load(file);
        using var last = new SwarmKeyring([keyring.Primary], keyring.Origin);
        SwarmKeyFile.Save(file, last);
        List(file);
    }

    // A node that runs here follows the file.
    private static string FileOf(SwarmChoice choice)
        => choice.Keys.FileHere() ?? throw CommandException.Failed(
            $"there is no swarm key in {choice.Folder}: start a private swarm with 'swarm join', or choose its folder "
                + "with --data-dir.");
}
