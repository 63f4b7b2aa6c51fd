using System.Text.Json;
using NUnit.Framework;
using Swarm.Inference.Chat;
using Swarm.Inference.Model;
using Swarm.Inference.Text;

namespace Swarm.Inference.Tests.Chat;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ChatTemplateTests
{
    private const string Conversation =
        """
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi "},
         {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Bye"}]
        """;

    [TestCase(
        "<|im_start|> <|im_end|>",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\nYes?"
            + "<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n")]
    [TestCase(
        "<|start_header_id|> <|end_header_id|> <|eot_id|>",
        "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>"
            + "\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nYes?<|eot_id|><|start_header_id|>user"
            + "<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [TestCase(
        "<start_of_turn> <end_of_turn>",
        "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nYes?<end_of_turn>\n"
            + "<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n")]
    [TestCase(
        "<|user|> <|assistant|> <|end|>",
        "<|system|>\nBe brief.<|end|>\n<|user|>\n Hi <|end|>\n<|assistant|>\nYes?<|end|>\n<|user|>\nBye<|end|>\n"
            + "<|assistant|>\n")]
    [TestCase("[INST] [/INST]", "<s>[INST] Be brief.\n\n Hi  [/INST] Yes?</s>[INST] Bye [/INST]")]
    public void A_file_without_a_template_gets_the_one_its_markers_ask_for(string markers, string expected)
    {
        var template = ChatTemplate.Of(Metadata(markers.Split(' '), _ => { }));

        Assert.That(string.Concat(template.Render(Request(), FixedClock.Noon).Select(piece => piece.Text)),
            Is.EqualTo(expected));
    }

    [Test]
    public void A_base_model_has_no_template_and_says_so()
        => Assert.That(
            () => ChatTemplate.Of(Metadata(["a"], _ => { })),
            Throws.TypeOf<GgufException>().With.Message.Contains("is it a base model?"));

    [Test]
    public void A_file_s_variants_are_chosen_by_name_and_the_one_for_tools_by_itself()
    {
        GgufMetadata metadata = Metadata(["a"], writer =>
        {
            writer.Add("tokenizer.chat_template", "plain");
            writer.Add("tokenizer.chat_template.tool_use", "tools");
            writer.Add("tokenizer.chat_template.rag", "{{ documents }}{{ enable_thinking }}");
        });
        ChatRequest tools = Request() with { Tools = JsonDocument.Parse("[{}]").RootElement };
        ChatRequest more = Request() with
        {
            Names = JsonDocument.Parse("{\"documents\": [1]}").RootElement,
            EnableThinking = false,
        };

        Assert.That(ChatTemplate.Variants(metadata), Is.EqualTo((string[])["", "tool_use", "rag"]));
        Assert.That(Text(ChatTemplate.Of(metadata), Request()), Is.EqualTo("plain"));
        Assert.That(Text(ChatTemplate.Of(metadata), tools), Is.EqualTo("tools"));
        Assert.That(Text(ChatTemplate.Of(metadata, ""), tools), Is.EqualTo("plain"));
        Assert.That(Text(ChatTemplate.Of(metadata, "rag"), more), Is.EqualTo("[1]False"));
        Assert.That(() => ChatTemplate.Of(metadata, "none"), Throws.TypeOf<GgufException>());
    }

    [Test]
    public void A_text_begins_once()
    {
        GgufMetadata metadata = Metadata(["a"], writer => writer.Add("tokenizer.ggml.add_bos_token", true));
        ITokenizer tokenizer = Tokenizer.Create(metadata);

        foreach (string source in (string[])["{{ bos_token }}a", "a"])
        {
            int[] ids = new ChatTemplate(source, "<s>", "</s>").Encode(Request(), tokenizer, FixedClock.Noon);
            Assert.That(ids, Is.EqualTo((int[])[0, 2]), source);
        }
    }

    [Test]
    public void A_role_is_a_marker_s_part_only_when_it_is_a_known_one()
    {
        GgufMetadata metadata = Metadata(["<|user|>", "<|assistant|>", "<|end|>", "<|eot_id|>"], _ => { });
        ITokenizer tokenizer = Tokenizer.Create(metadata);
        var template = new ChatTemplate("{% for m in messages %}<|{{ m.role }}|>{% endfor %}", "<s>", "</s>");

        int[] Ids(string role) => template.Encode(
            new ChatRequest { Messages = JsonDocument.Parse($$"""[{"role": "{{role}}"}]""").RootElement },
            tokenizer,
            FixedClock.Noon);

        Assert.That(Ids("user"), Is.EqualTo((int[])[2]));
        Assert.That(Ids("eot_id"), Has.No.Member(5));
    }

    private static ChatRequest Request() => new() { Messages = JsonDocument.Parse(Conversation).RootElement };

    private static string Text(ChatTemplate template, ChatRequest request)
        => string.Concat(template.Render(request, FixedClock.Noon).Select(piece => piece.Text));

    private static GgufMetadata Metadata(string[] markers, Action<GgufWriter> more)
    {
        string[] tokens = ["<s>", "</s>", .. markers, "|", "<", ">"];
        return Swarm.Inference.Tests.Text.Vocabularies.Metadata(
            "gpt2",
            tokens,
            [.. tokens.Select(token => token.Length > 1 ? 3 : 1)],
            writer =>
            {
                writer.Add("tokenizer.ggml.bos_token_id", 0u);
                writer.Add("tokenizer.ggml.merges", (string[])["a a"]);
                more(writer);
            },
            eos: 1);
    }
}
