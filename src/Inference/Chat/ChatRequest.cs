using System.Text.Json;

namespace Swarm.Inference.Chat;

/// <summary>A conversation, and how it is to be written down for the model.</summary>
public sealed record ChatRequest
{
    /// <summary>The messages: objects with <c>role</c>, <c>content</c> and what else templates know.</summary>
    public required JsonElement Messages { get; init; }

    /// <summary>The tools the model may call: an array of their definitions; null for none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Whether the text ends where the model's answer begins.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Whether the model shall think first; null leaves it to the template.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>Further names for the template (<c>chat_template_kwargs</c>): an object; null for none.</summary>
    public JsonElement? Names { get; init; }
}
