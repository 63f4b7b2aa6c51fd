using System.Buffers;
using System.Text.Json;
using Swarm.Node.Routing;

namespace Swarm.Node.CommandLine;

/// <summary>What <c>swarm generate --json</c> says: one JSON object per line.</summary>
internal sealed class EventWriter(Stream output)
{
    public void Text(string text, int tokens) => Write("text", json =>
    {
        json.WriteString("text", text);
        json.WriteNumber("tokens", tokens);
    });

    public void Route(string name, Route route, TimeSpan? pause) => Write(name, json =>
    {
        if (pause is { } time)
        {
            json.WriteNumber("pauseMs", Math.Round(time.TotalMilliseconds, 1));
        }

        json.WriteStartArray("stages");

        foreach (Stage stage in route.Stages)
        {
            WriteStage(json, stage);
        }

        json.WriteEndArray();
    });

    public void StageLost(Stage stage, string why) => Write("stageLost", json =>
    {
        json.WritePropertyName("stage");
        WriteStage(json, stage);
        json.WriteString("why", why);
    });

    public void Done(ClosingLine line) => Write("done", json =>
    {
        json.WriteNumber("promptTokens", line.PromptTokens);
        json.WriteNumber("promptTokensPerSecond", Math.Round(line.PromptTokensPerSecond, 1));
        json.WriteNumber("tokens", line.Tokens);
        json.WriteNumber("tokensPerSecond", Math.Round(line.TokensPerSecond, 1));
        json.WriteNumber("firstTokenMs", Math.Round(line.FirstToken.TotalMilliseconds, 1));
        json.WriteNumber("repairs", line.Pauses.Count);
        json.WriteString("finish", line.Finish);
        json.WriteNumber("seed", line.Seed);
    });

    private static void WriteStage(Utf8JsonWriter json, Stage stage)
    {
        json.WriteStartObject();
        json.WriteString("node", stage.Node.ToString());
        json.WriteString("name", stage.Label);
        json.WriteString("blocks", stage.Blocks.ToString());
        json.WriteEndObject();
    }

    private void Write(string name, Action<Utf8JsonWriter> body)
    {
        var buffer = new ArrayBufferWriter<byte>();

        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            body(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        output.Write(buffer.WrittenSpan);
        output.Flush();
    }
}
