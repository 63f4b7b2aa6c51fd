namespace Swarm.Inference.Chat.Jinja;

/// <summary>A macro as the template writes it, and which of the special names its body reads.</summary>
internal sealed record Macro(
    string Name,
    IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body,
    bool ReadsVarargs,
    bool ReadsKwargs,
    bool ReadsCaller);
