using System.CommandLine;
using Swarm.Node.Access;
using Swarm.Node.Membership;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm status</c>: who holds which blocks of which models.</summary>
internal static class StatusCommand
{
    public static Command Create(Terminal terminal)
    {
        var swarm = new SwarmFlags();
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb(
            "status", "Shows who serves which blocks, what nobody serves, and how this device's node is linked.")
        {
            Examples = ["swarm status", "swarm status --json --join CODE"],
        };

        foreach (Option option in (Option[])[.. swarm.All, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            SwarmChoice choice = swarm.Read(parsed);
            using var interrupts = new Interrupts();
            await using SwarmMember member = await Doors.EnterAsync(choice, interrupts.First);
            SwarmStatus status = await SwarmStatus.ReadAsync(member, choice.Name, interrupts.First);
            OwnNode? own = await OwnNode.AskAsync(member, choice, TimeProvider.System, interrupts.First);

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(StatusJson.Write(status, own));
            }
            else
            {
                StatusTable.Show(terminal.Out, status, own);
            }

            return ExitCode.Ok;
        });

        return verb;
    }
}
