using System.CommandLine;
using Swarm.Node.Membership;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm status</c>: who holds which blocks of which models.</summary>
internal static class StatusCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<PeerAddress[]> bootstrap = CommonOptions.Bootstrap();
        Option<bool> noLan = CommonOptions.NoLan();
        Option<string> swarm = CommonOptions.Swarm();
        Option<string?> dataDir = CommonOptions.DataDir();
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb("status", "Shows the swarm's nodes, their blocks, and blocks that nobody serves.")
        {
            Examples = ["swarm status", "swarm status --json --bootstrap 192.168.1.5:4747"],
        };

        foreach (Option option in (Option[])[bootstrap, noLan, swarm, dataDir, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            string name = parsed.GetRequiredValue(swarm);
            string folder = Path.GetFullPath(parsed.GetValue(dataDir) ?? NodeFolder.Default(name));
            using var interrupts = new Interrupts();
            await using SwarmMember member = await Doors.EnterAsync(
                name, Doors.Find(parsed.GetValue(bootstrap) ?? [], folder), !parsed.GetValue(noLan), interrupts.First);
            SwarmStatus status = await SwarmStatus.ReadAsync(member, name, interrupts.First);

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(StatusJson.Write(status));
            }
            else
            {
                StatusTable.Show(terminal.Out, status);
            }

            return ExitCode.Ok;
        });

        return verb;
    }
}
