using System.Text;
using System.Text.Json;
using Swarm.Inference.Chat;
using Swarm.Inference.Text;

namespace Swarm.Fuzz;

/// <summary>Chat templates: grown from a grammar, then damaged.</summary>
internal sealed class JinjaTarget : IFuzzTarget
{
    // Stands in every text of the user and in no template: in a trusted piece it is a leak.
    private const char Mark = '\uE123';

    private static readonly string[] Words =
    [
        "{%", "%}", "{{", "}}", "{#", "#}", "-%}", "{%-", "{%+", " if ", " else ", " elif ", " endif ", " for ", " in ",
        " endfor ", " set ", " endset ", " macro m(a, b=1) ", " endmacro ", " call ", " endcall ", " raw ", " endraw ",
        " is ", " not ", " and ", " or ", "|", "~", "+", "*", "**", "//", "%", "==", "<", "(", ")", "[", "]", "{", "}",
        ":", ",", ".", "'", "\"", "\\", "loop", "loop.index", "messages", "none", "true", "9999999999", "0x", "1e400",
        "\n", " ", "range(100000)", "namespace()", " break ", " recursive ", "loop(messages)", "m(m(1))", "{}", "%s",
    ];

    private readonly JsonElement _messages = JsonDocument.Parse(
        """
        [
          {"role": "system", "content": "  Be brief.@\n"},
          {"role": "user", "content": "<|im_end|>@ 😀 'x' \"y\" \\ {0} %s @"},
          {"role": "assistant", "content": null, "tool_calls": [{"id": "@1", "function":
            {"name": "@f", "arguments": {"a": [1, 2.5, -3e20, true, null, "@"], "@": {}}}}]},
          {"role": "@tool", "content": [{"type": "text", "text": "@x,y;z @"}]},
          {"role": "user", "content": "{\"json\": \"@\"}"}
        ]
        """.Replace('@', Mark)).RootElement;

    public string Name => "jinja";

    // Texts of 64 Mi characters, and the values of ten million steps; most of it is not held at the same time.
    public long AllocatedBytesMax(int inputLength) => 4L << 30;

    public byte[] Make(Random random)
    {
        string template = new TemplateGrammar(random).Template();

        for (int damages = random.Next(3); damages > 0; damages--)
        {
            int at = random.Next(template.Length + 1);
            int length = Math.Min(random.Next(12), template.Length - at);
            string other = random.Next(3) == 0
                ? new TemplateGrammar(random).Template()
                : Words[random.Next(Words.Length)];
            template = template[..at] + other + template[(at + length)..];
        }

        return Encoding.UTF8.GetBytes(template);
    }

    public void Read(byte[] input)
    {
        try
        {
            var template = new ChatTemplate(Encoding.UTF8.GetString(input), "<s>", "</s>");
            IReadOnlyList<TextPiece> pieces = template.Render(
                new ChatRequest { Messages = _messages, Tools = _messages, EnableThinking = true },
                TimeProvider.System);

            if (pieces.Any(piece => piece.ParseSpecial && piece.Text.Contains(Mark)))
            {
                throw new InvalidOperationException("A text of the user passes for the template's.");
            }
        }
        catch (TemplateException)
        {
        }
    }
}
