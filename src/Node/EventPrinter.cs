using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Swarm.Node;

/// <summary>Writes each event as one line: a clock and a sentence for people, or a JSON object for machines.</summary>
internal sealed class EventPrinter(TextWriter writer, bool json, TimeProvider time) : ILogger
{
    private readonly Lock _lines = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
        => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        string line = json
            ? ToJson(eventId, state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
            : string.Create(CultureInfo.InvariantCulture,
                $"{time.GetLocalNow():HH:mm:ss} {formatter(state, exception)}");

        lock (_lines)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private string ToJson(EventId eventId, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        var buffer = new ArrayBufferWriter<byte>();

        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("event", Camel(eventId.Name ?? "event"));
            json.WriteString("time", time.GetUtcNow());

            foreach ((string name, object? value) in fields)
            {
                if (!name.StartsWith('{'))
                {
                    WriteField(json, Camel(name), value);
                }
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteField(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case double number:
                json.WriteNumber(name, Math.Round(number, 6));
                break;
            case int or long or uint:
                json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteString(name, value?.ToString());
                break;
        }
    }

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
