using System.Text.Json;
using NUnit.Framework;
using Swarm.Node.CommandLine;
using Swarm.Node.Diagnosis;

namespace Swarm.Node.Tests.Diagnosis;

/// <summary>How the findings are written.</summary>
[TestFixture]
public sealed class DoctorReportTests
{
    private static readonly Finding[] Some =
    [
        new("portMapping", FindingState.Limited, "no", "do something."),
        new("clock", FindingState.Works, "fine"),
        new("swarmKey", FindingState.Broken, "gone"),
        new("swarm", FindingState.Unknown, "who knows"),
    ];

    [Test]
    public void People_get_a_line_for_each_finding_and_below_it_what_to_do()
        => Assert.That(DoctorReport.Text(Some), Is.EqualTo(
            "! port mapping   no\n"
                + "                 → do something.\n"
                + "✓ clock          fine\n"
                + "✗ swarm key      gone\n"
                + "? swarm          who knows\n"
                + "\nOne thing is broken."));

    [Test]
    public void Machines_get_the_same()
    {
        JsonElement report = JsonSerializer.Deserialize<JsonElement>(DoctorReport.Json(Some));
        Assert.That(report.GetProperty("broken").GetBoolean());
        JsonElement[] findings = [.. report.GetProperty("findings").EnumerateArray()];
        Assert.That(
            string.Join(' ', findings.Select(one => one.GetProperty("state").GetString())),
            Is.EqualTo("limited works broken unknown"));
        Assert.That(findings[0].GetProperty("topic").GetString(), Is.EqualTo("portMapping"));
        Assert.That(findings[0].GetProperty("advice").GetString(), Is.EqualTo("do something."));
        Assert.That(findings[1].GetProperty("advice").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }
}
