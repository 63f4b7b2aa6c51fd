using Swarm.Inference.Model;

namespace Swarm.Inference.Chat;

/// <summary>
/// Templates for files that bring none: which one a model was trained with shows in the markers of its vocabulary.
/// </summary>
internal static class UsualTemplates
{
    private const string ChatMl =
        """
        {%- for message in messages -%}
        {{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif -%}
        """;

    private const string Llama3 =
        """
        {{- bos_token -}}
        {%- for message in messages -%}
        {{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}
        {{- message['content'] | trim + '<|eot_id|>' }}
        {%- endfor -%}
        {%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif -%}
        """;

    // The system's message has no turn of its own: it stands before the user's first.
    private const string Gemma =
        """
        {{- bos_token -}}
        {%- set ns = namespace(system='') -%}
        {%- for message in messages -%}
        {%- if message['role'] == 'system' -%}
        {%- set ns.system = ns.system + message['content'] | trim + '\n\n' -%}
        {%- else -%}
        {{ '<start_of_turn>' }}{{ 'model' if message['role'] == 'assistant' else message['role'] }}{{ '\n' }}
        {{- ns.system + message['content'] | trim + '<end_of_turn>\n' }}
        {%- set ns.system = '' -%}
        {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif -%}
        """;

    private const string Phi =
        """
        {%- for message in messages -%}
        {{ '<|' }}{{ message['role'] if message['role'] in ['system', 'assistant'] else 'user' }}{{ '|>\n' }}
        {{- message['content'] + '<|end|>\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif -%}
        """;

    private const string Mistral =
        """
        {{- bos_token -}}
        {%- set ns = namespace(system='') -%}
        {%- for message in messages -%}
        {%- if message['role'] == 'system' -%}
        {%- set ns.system = ns.system + message['content'] + '\n\n' -%}
        {%- elif message['role'] == 'assistant' -%}
        {{ ' ' + message['content'] | trim + eos_token }}
        {%- else -%}
        {{ '[INST] ' + ns.system + message['content'] + ' [/INST]' }}
        {%- set ns.system = '' -%}
        {%- endif -%}
        {%- endfor -%}
        """;

    private static readonly (string Name, string[] Markers, string Template)[] All =
    [
        ("ChatML", ["<|im_start|>", "<|im_end|>"], ChatMl),
        ("Llama 3", ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], Llama3),
        ("Gemma", ["<start_of_turn>", "<end_of_turn>"], Gemma),
        ("Phi", ["<|user|>", "<|assistant|>", "<|end|>"], Phi),
        ("Mistral", ["[INST]", "[/INST]"], Mistral),
    ];

    /// <summary>The usual template for the markers in a file's vocabulary.</summary>
    /// <exception cref="GgufException">It holds the markers of none that is known.</exception>
    public static string For(GgufMetadata metadata)
    {
        GgufValue? tokens = metadata.Array("tokenizer.ggml.tokens");
        int count = tokens?.ElementType == GgufValueType.Text ? tokens.Count : 0;
        HashSet<string> texts = [.. Enumerable.Range(0, count).Select(id => tokens!.Text(id))];

        foreach ((_, string[] markers, string template) in All)
        {
            if (markers.All(texts.Contains))
            {
                return template;
            }
        }

        throw new GgufException(
            "tokenizer.chat_template",
            "the file holds no chat template, and its vocabulary none of the markers of "
            + $"{string.Join(", ", All.Select(usual => usual.Name))}: is it a base model? Give it plain text instead.");
    }
}
