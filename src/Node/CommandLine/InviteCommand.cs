using System.CommandLine;
using System.Net;
using Swarm.Node.Access;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm invite</c>: one line with which another device joins.</summary>
internal static class InviteCommand
{
    public static Command Create(Terminal terminal)
    {
        var flags = new SwarmFlags();
        var qr = new Option<bool>("--qr") { Description = "Show the code as a picture too, for a camera." };
        var address = new Option<PeerAddress[]>("--address")
        {
            Description = "Where others reach this node, if it does not know itself; may be given several times.",
            HelpName = "HOST:PORT",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = CommonOptions.ParseAddresses,
        };
        var model = new Option<string?>("--model", "-m")
        {
            Description = "The model to name in the code. [default: the one the node serves]",
            HelpName = "NAME",
        };
        var verb = new Verb("invite", "Prints the code with which another device joins this swarm.")
        {
            Examples = ["swarm invite", "swarm invite --qr", "swarm invite --address home.example.org:4747"],
        };

        foreach (Option option in (Option[])[qr, address, model, .. flags.Here])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            SwarmChoice choice = flags.Read(parsed);
            var node = LocalNode.Find(choice.Folder);
            choice = node is null ? choice : choice with { Name = node.Swarm };
            IReadOnlyList<PeerAddress> addresses = parsed.GetValue(address) is { Length: > 0 } given
                ? given
                : await AskAsync(choice, node, interrupts.First);
            using SwarmKeyring? keyring = choice.Keys.OpenForGuest();
            var code = new JoinCode
            {
                Swarm = choice.Name,
                Keyring = keyring,
                Addresses = addresses,
                Model = parsed.GetValue(model) ?? node?.Model,
            };
            Show(terminal, code.Write(), addresses, isPublic: keyring is null, qr: parsed.GetValue(qr));
            return ExitCode.Ok;
        });

        return verb;
    }

    private static void Show(
        Terminal terminal, string code, IReadOnlyList<PeerAddress> addresses, bool isPublic, bool qr)
    {
        TextWriter notes = terminal.Error.Profile.Out.Writer;

        if (addresses.All(address => IsLoopback(address.Host)))
        {
            notes.WriteLine("Only this device reaches the node: start it with --listen 0.0.0.0:4747 for the others.");
        }

        notes.WriteLine("On the other device: swarm join CODE --model FILE");
        notes.WriteLine(isPublic
            ? "This swarm is public: its address is all that anybody needs."
            : "Whoever sees the code can join and read what is generated: hand it on like a password.");
        Console.Out.WriteLine(code);

        if (qr)
        {
            Console.Out.Write(QrPicture.Draw(code));
        }
    }

    // The node itself knows best where it can be reached, and tells everybody it meets.
    private static async Task<IReadOnlyList<PeerAddress>> AskAsync(
        SwarmChoice choice, LocalNode? node, CancellationToken cancel)
    {
        if (node is null || !PeerAddress.TryParse(node.Address, out PeerAddress? door))
        {
            throw CommandException.Failed(
                $"no node runs from {choice.Folder}: start one with 'swarm join', or say where one can be reached with "
                    + "--address HOST:PORT.");
        }

        await using var guest = SwarmMember.CreateGuest(choice.Name, choice.Keys.OpenForGuest(), TimeProvider.System);
        guest.Start();
        ILink link = await guest.Links.GetAsync(door, cancel);
        PeerAddress[] all = [.. link.RemoteHello.Addresses.Select(one => new PeerAddress(one.Host, (int)one.Port))];
        PeerAddress[] others = [.. all.Where(one => !IsLoopback(one.Host))];
        return others.Length > 0 ? others : all;
    }

    private static bool IsLoopback(string host)
        => IPAddress.TryParse(host, out IPAddress? ip) && IPAddress.IsLoopback(ip);
}
