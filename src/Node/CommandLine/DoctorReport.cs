using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Swarm.Node.Diagnosis;

namespace Swarm.Node.CommandLine;

/// <summary>What <c>swarm doctor</c> writes.</summary>
internal static class DoctorReport
{
    private const int TopicColumns = 15;

    /// <summary>For people: a line for each finding, below it what to do, and at the end how it stands.</summary>
    public static string Text(IReadOnlyList<Finding> findings)
    {
        var text = new StringBuilder();

        foreach (Finding finding in findings)
        {
            _ = text.Append(Sign(finding.State)).Append(' ').Append(Words(finding.Topic).PadRight(TopicColumns));
            _ = text.Append(finding.Says).Append('\n');

            if (finding.Advice is { } advice)
            {
                _ = text.Append(' ', TopicColumns + 2).Append("→ ").Append(advice).Append('\n');
            }
        }

        int broken = findings.Count(finding => finding.State == FindingState.Broken);
        return text.Append('\n').Append(broken switch
        {
            0 => "Nothing is broken.",
            1 => "One thing is broken.",
            _ => string.Create(CultureInfo.InvariantCulture, $"{broken} things are broken."),
        }).ToString();
    }

    /// <summary>For machines.</summary>
    public static string Json(IReadOnlyList<Finding> findings)
    {
        var buffer = new ArrayBufferWriter<byte>();

        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteBoolean("broken", findings.Any(finding => finding.State == FindingState.Broken));
            json.WriteStartArray("findings");

            foreach (Finding finding in findings)
            {
                json.WriteStartObject();
                json.WriteString("topic", finding.Topic);
                json.WriteString("state", finding.State.ToString().ToLowerInvariant());
                json.WriteString("says", finding.Says);
                json.WriteString("advice", finding.Advice);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static char Sign(FindingState state) => state switch
    {
        FindingState.Works => '✓',
        FindingState.Limited => '!',
        FindingState.Unknown => '?',
        _ => '✗',
    };

    // portMapping → port mapping
    private static string Words(string topic)
        => string.Concat(topic.Select(
            letter => char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));
}
