using System.CommandLine;
using Google.Protobuf;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm leave</c>: the node that runs here finishes what it has begun and stops.</summary>
internal static class LeaveCommand
{
    // A minute for its sessions, and then some for its goodbyes.
    private static readonly TimeSpan LeaveMax = TimeSpan.FromSeconds(75);

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    public static Command Create(Terminal terminal)
    {
        Option<string> swarm = CommonOptions.Swarm();
        Option<string?> dataDir = CommonOptions.DataDir();
        var verb = new Verb("leave", "Lets the node that runs on this device finish its sessions and stop.")
        {
            Examples = ["swarm leave", "swarm leave --data-dir /srv/swarm"],
        };
        verb.Options.Add(swarm);
        verb.Options.Add(dataDir);
        verb.SetAction(async (parsed, _) =>
        {
            string name = parsed.GetRequiredValue(swarm);
            string folder = Path.GetFullPath(parsed.GetValue(dataDir) ?? NodeFolder.Default(name));
            using var interrupts = new Interrupts();
            await LeaveAsync(folder, terminal, interrupts.First);
            return ExitCode.Ok;
        });

        return verb;
    }

    private static async Task LeaveAsync(string folder, Terminal terminal, CancellationToken cancel)
    {
        LocalNode node = LocalNode.Find(folder)
            ?? throw CommandException.Failed($"no node runs from {folder}: choose its folder with --data-dir.");

        SwarmKeyring? keyring = node.KeyFile is { } file ? SwarmKeyFile.Load(file) : null;

        await using (var guest = SwarmMember.CreateGuest(node.Swarm, keyring, TimeProvider.System))
        {
            guest.Start();

            if (!PeerAddress.TryParse(node.Address, out PeerAddress? address))
            {
                throw CommandException.Failed($"{folder} names no address of its node: stop process {node.ProcessId} "
                    + "itself.");
            }

            ILink link = await guest.Links.GetAsync(address, cancel);
            var leave = new Leave { Token = ByteString.CopyFrom(Convert.FromHexString(node.ControlToken)) };
            _ = await link.RequestAsync(
                new Envelope { Leave = leave }, StreamPriority.Control, AnswerMax, TimeProvider.System, cancel);
        }

        terminal.Error.Profile.Out.Writer.WriteLine($"{node.Name} is leaving, waiting for its sessions to finish.");
        await WaitAsync(folder, node, cancel);
        terminal.Error.Profile.Out.Writer.WriteLine($"{node.Name} has left.");
    }

    private static async Task WaitAsync(string folder, LocalNode node, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(LeaveMax, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            // Another node may start from the same folder meanwhile.
            while (LocalNode.Find(folder) is { } found && found.ProcessId == node.ProcessId)
            {
                await Task.Delay(LookInterval, TimeProvider.System, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw CommandException.Failed(
                $"the node did not stop within {LeaveMax.TotalSeconds} s: stop process {node.ProcessId} itself.");
        }
    }
}
