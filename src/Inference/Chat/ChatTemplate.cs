using System.Text.Json;
using Swarm.Inference.Chat.Jinja;
using Swarm.Inference.Model;
using Swarm.Inference.Text;

namespace Swarm.Inference.Chat;

/// <summary>
/// Writes a conversation down as a model was trained to read it, by the template in the model's file. Every stretch of
/// the result is known to be the template's or the user's, so that what users write never becomes a control token.
/// </summary>
public sealed class ChatTemplate
{
    private const string Key = "tokenizer.chat_template";
    private const string ToolVariant = "tool_use";

    // Templates put roles within their markers. These are words of the format, whoever sends them; others are not.
    private static readonly string[] Roles
        = ["system", "user", "assistant", "tool", "developer", "function", "model", "ipython", "observation"];

    private readonly JinjaTemplate _plain;
    private readonly JinjaTemplate _withTools;
    private readonly string _bos;
    private readonly string _eos;

    /// <summary>A template from elsewhere than a model's file.</summary>
    /// <param name="source">The template.</param>
    /// <param name="bos">The text of the token that begins a text; empty when there is none.</param>
    /// <param name="eos">The text of the token that ends a text; empty when there is none.</param>
    /// <exception cref="TemplateException">It is no template of the supported subset of Jinja.</exception>
    public ChatTemplate(string source, string bos, string eos)
        : this(source, source, bos, eos)
    {
    }

    private ChatTemplate(string plain, string withTools, string bos, string eos)
    {
        _plain = new JinjaTemplate(plain);
        _withTools = ReferenceEquals(plain, withTools) ? _plain : new JinjaTemplate(withTools);
        _bos = bos;
        _eos = eos;
    }

    /// <summary>The names of a file's templates; the empty name is the one it uses if nothing else is said.</summary>
    public static IReadOnlyList<string> Variants(GgufMetadata metadata)
        => [.. metadata.Keys.Where(key => key == Key || key.StartsWith(Key + ".", StringComparison.Ordinal))
            .Select(key => key.Length == Key.Length ? "" : key[(Key.Length + 1)..])];

    /// <summary>
    /// The template of a model file. A file without one gets the usual template for the markers in its vocabulary.
    /// </summary>
    /// <param name="metadata">What the file says about itself.</param>
    /// <param name="variant">
    /// A name of <see cref="Variants"/>; null for the file's own choice, with the variant for tools where there are
    /// some.
    /// </param>
    /// <exception cref="TemplateException">The template cannot be read.</exception>
    /// <exception cref="GgufException">There is no such variant, or no template and no known marker.</exception>
    public static ChatTemplate Of(GgufMetadata metadata, string? variant = null)
    {
        string? named = metadata.Text(string.IsNullOrEmpty(variant) ? Key : $"{Key}.{variant}");

        if (named is null && !string.IsNullOrEmpty(variant))
        {
            throw new GgufException(
                Key, $"the file has no template '{variant}'; it has: {string.Join(", ", Variants(metadata))}.");
        }

        string plain = named ?? UsualTemplates.For(metadata);
        string withTools = variant is null ? metadata.Text($"{Key}.{ToolVariant}") ?? plain : plain;
        return new ChatTemplate(plain, withTools, TokenText(metadata, "bos"), TokenText(metadata, "eos"));
    }

    /// <summary>The conversation as the model reads it, cut where template and user take turns.</summary>
    /// <param name="request">The conversation.</param>
    /// <param name="clock">What templates that write today's date look at.</param>
    /// <exception cref="TemplateException">The template refuses, errs or asks for too much.</exception>
    public IReadOnlyList<TextPiece> Render(ChatRequest request, TimeProvider clock)
    {
        var run = new Run(clock);
        bool hasTools = request.Tools is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0;
        TextValue text = (hasTools ? _withTools : _plain).Render(run, Names(run, request));
        return
        [
            .. text.Stretches(0, text.Text.Length)
                .Select(part => new TextPiece(text.Text.Substring(part.Start, part.Length), !part.IsUser)),
        ];
    }

    /// <summary>The conversation as tokens. A text begins with one beginning token, whoever writes it.</summary>
    /// <param name="request">The conversation.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="clock">What templates that write today's date look at.</param>
    /// <exception cref="TemplateException">The template refuses, errs or asks for too much.</exception>
    public int[] Encode(ChatRequest request, ITokenizer tokenizer, TimeProvider clock)
    {
        int[] ids = tokenizer.Encode(Render(request, clock), addSpecial: false);
        bool lacksBos = tokenizer is { AddBos: true, Bos: not null } && (ids.Length == 0 || ids[0] != tokenizer.Bos);
        return lacksBos ? [tokenizer.Bos!.Value, .. ids] : ids;
    }

    private IEnumerable<KeyValuePair<string, Value>> Names(Run run, ChatRequest request)
    {
        yield return new("bos_token", TextValue.Template(_bos));
        yield return new("eos_token", TextValue.Template(_eos));
        yield return new("messages", Messages(run, request.Messages));
        yield return new("add_generation_prompt", BoolValue.Of(request.AddGenerationPrompt));

        if (request.Tools is { } tools)
        {
            yield return new("tools", JsonValues.Read(run, tools, isUser: true));
        }

        if (request.EnableThinking is { } thinks)
        {
            yield return new("enable_thinking", BoolValue.Of(thinks));
        }

        if (request.Names is { ValueKind: JsonValueKind.Object } names
            && JsonValues.Read(run, names, isUser: true) is DictValue further)
        {
            foreach ((Value name, Value value) in further.Items)
            {
                yield return new(((TextValue)name).Text, value);
            }
        }
    }

    private static Value Messages(Run run, JsonElement json)
    {
        Value messages = JsonValues.Read(run, json, isUser: true);

        foreach (DictValue message in messages is ListValue list ? list.Items.OfType<DictValue>() : [])
        {
            if (message.Find("role") is TextValue role && Roles.Contains(role.Text))
            {
                message.Items[TextValue.Template("role")] = TextValue.Template(role.Text);
            }
        }

        return messages;
    }

    private static string TokenText(GgufMetadata metadata, string name)
    {
        long? id = metadata.Whole($"tokenizer.ggml.{name}_token_id");
        GgufValue? tokens = metadata.Array("tokenizer.ggml.tokens");
        return tokens is not null && id >= 0 && id < tokens.Count ? tokens.Text((int)id) : "";
    }
}
