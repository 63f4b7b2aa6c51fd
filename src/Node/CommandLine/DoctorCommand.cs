using System.CommandLine;
using Swarm.Node.Diagnosis;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm doctor</c>: says what works and what does not, and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var swarm = new SwarmFlags();
        Option<bool> noMapPort = CommonOptions.NoMapPort();
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb(
            "doctor", "Says what works and what does not between this device and its swarm, and what to do.")
        {
            Examples = ["swarm doctor", "swarm doctor --json", "swarm doctor --join CODE"],
        };

        foreach (Option option in (Option[])[.. swarm.All, noMapPort, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            IReadOnlyList<Finding> findings = await Examination.RunAsync(
                swarm.Read(parsed), !parsed.GetValue(noMapPort), TimeProvider.System, interrupts.First);
            terminal.Out.Profile.Out.Writer.WriteLine(
                parsed.GetValue(json) ? DoctorReport.Json(findings) : DoctorReport.Text(findings));
            return findings.Any(finding => finding.State == FindingState.Broken) ? ExitCode.Failed : ExitCode.Ok;
        });

        return verb;
    }
}
