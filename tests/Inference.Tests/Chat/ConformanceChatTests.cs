using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Swarm.Inference.Chat;
using Swarm.Inference.Text;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Chat;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed partial class ConformanceChatTests : KitFixture
{
    [TestCaseSource(nameof(Templates))]
    public void Every_conversation_is_written_as_the_references_write_it(string path)
    {
        RequireFile(path);
        using var expected = JsonDocument.Parse(File.ReadAllText(path));
        using var inputs = JsonDocument.Parse(File.ReadAllText(Kit.PathOf("chat", "inputs.json")));
        JsonElement contexts = inputs.RootElement.GetProperty("cases");
        var clock = new FixedClock(DateTimeOffset.Parse(
            inputs.RootElement.GetProperty("fixed_clock_utc").GetString()!, CultureInfo.InvariantCulture));
        string file = expected.RootElement.GetProperty("template").GetString()!;
        string source = File.ReadAllText(Kit.PathOf("chat", "templates", file));
        List<string> wrong = [];
        List<string> tolerated = [];
        int cases = 0;

        foreach (JsonElement result in expected.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = result.GetProperty("case").GetString()!;
            bool isRaised = result.TryGetProperty("raised_by_template", out JsonElement raised)
                && raised.ValueKind == JsonValueKind.True;
            string? text = result.TryGetProperty("expected", out JsonElement told) ? told.GetString() : null;
            cases++;

            try
            {
                string found = Render(source, contexts.GetProperty(name), clock);

                if (text is null && !isRaised)
                {
                    // The kit allows to be more tolerant than the references: methods and filters that they lack.
                    tolerated.Add(name);
                }
                else if (found != text)
                {
                    wrong.Add($"{name}: {Difference(found, text)}");
                }
            }
            catch (TemplateException refusal) when (text is null)
            {
                if (isRaised && (!refusal.IsRaisedByTemplate || refusal.Problem != Error(result)))
                {
                    wrong.Add($"{name}: {refusal.Message}");
                }
            }
            catch (TemplateException refusal)
            {
                wrong.Add($"{name}: {refusal.Message}");
            }
        }

        TestContext.Out.WriteLine(
            $"{file}: {cases} cases, {wrong.Count} differ, more tolerant in {string.Join(", ", tolerated)}");
        Assert.That(cases, Is.Positive);
        Assert.That(wrong, Is.Empty);
    }

    [TestCaseSource(nameof(Templates))]
    public void What_users_write_never_becomes_a_control_token(string path)
    {
        RequireFile(path);
        using var expected = JsonDocument.Parse(File.ReadAllText(path));
        using var inputs = JsonDocument.Parse(File.ReadAllText(Kit.PathOf("chat", "inputs.json")));
        string source = File.ReadAllText(Kit.PathOf(
            "chat", "templates", expected.RootElement.GetProperty("template").GetString()!));
        string[] markers = [.. Marker().Matches(source + "<|im_end|><|eot_id|><|im_start|><s></s>")
            .Select(match => match.Value).Distinct()];
        ITokenizer tokenizer = Tokenizer.Create(MarkerVocabulary.Metadata(markers));
        string attack = string.Concat(markers.Where(marker => !marker.Contains("think", StringComparison.Ordinal)));
        int rendered = 0;

        foreach (JsonProperty input in inputs.RootElement.GetProperty("cases").EnumerateObject())
        {
            ChatRequest plain = Request(input.Value);
            ChatRequest attacked = plain with { Messages = Attack(plain.Messages, attack) };
            var template = new ChatTemplate(source, "<s>", "</s>");

            try
            {
                int[] before = Controls(template.Encode(plain, tokenizer, FixedClock.Noon));
                int[] behind = Controls(template.Encode(attacked, tokenizer, FixedClock.Noon));
                rendered++;
                Assert.That(behind, Is.EqualTo(before), input.Name);
            }
            catch (TemplateException)
            {
            }
        }

        TestContext.Out.WriteLine($"{markers.Length} markers, {rendered} conversations");

        if (!expected.RootElement.GetProperty("cases").EnumerateArray().Any(IsText))
        {
            Assert.Ignore("The references write none of the conversations with this template.");
        }

        Assert.That(rendered, Is.Positive);

        int[] Controls(int[] ids) => [.. ids.Where(id => id < markers.Length)];
    }

    [Test]
    public void The_kit_holds_conversations()
        => Assert.That(Kit.Files(Path.Combine("chat", "expected"), "*.json"), Is.Not.Empty);

    /// <summary>The same messages with markers in what the user says.</summary>
    private static JsonElement Attack(JsonElement messages, string attack)
    {
        JsonArray changed = JsonArray.Create(messages)!;

        foreach (JsonNode? message in changed)
        {
            if (message!["role"]!.GetValue<string>() == "user" && message["content"] is JsonValue content)
            {
                message["content"] = content.GetValue<string>() + attack;
            }
        }

        return JsonSerializer.SerializeToElement(changed);
    }

    private static string Render(string source, JsonElement context, TimeProvider clock)
    {
        var template = new ChatTemplate(
            source, context.GetProperty("bos_token").GetString()!, context.GetProperty("eos_token").GetString()!);
        return string.Concat(template.Render(Request(context), clock).Select(piece => piece.Text));
    }

    private static ChatRequest Request(JsonElement context) => new()
    {
        Messages = context.GetProperty("messages"),
        Tools = context.TryGetProperty("tools", out JsonElement tools) ? tools : null,
        AddGenerationPrompt = context.GetProperty("add_generation_prompt").GetBoolean(),
        EnableThinking = context.TryGetProperty("enable_thinking", out JsonElement thinks) ? thinks.GetBoolean() : null,
    };

    private static bool IsText(JsonElement result)
        => result.TryGetProperty("expected", out JsonElement told) && told.ValueKind == JsonValueKind.String;

    private static string? Error(JsonElement result)
        => result.TryGetProperty("error", out JsonElement error) ? error.GetString() : null;

    private static string Difference(string found, string? expected)
    {
        int same = found.AsSpan().CommonPrefixLength(expected);
        static string Around(string? text, int at)
            => text is null
                ? "an error"
                : JsonSerializer.Serialize(text[Math.Max(0, at - 30)..Math.Min(text.Length, at + 60)]);
        return $"at {same} {Around(found, same)} for {Around(expected, same)}";
    }

    [GeneratedRegex(@"<[|｜/a-zA-Z][^<>\s'""{}]{0,40}>|\[/?[A-Z_]+\]")]
    private static partial Regex Marker();

    private static IEnumerable<TestCaseData<string>> Templates()
        => Cases(Kit.Files(Path.Combine("chat", "expected"), "*.json"));
}
