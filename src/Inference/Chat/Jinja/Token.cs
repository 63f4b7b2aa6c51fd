namespace Swarm.Inference.Chat.Jinja;

/// <summary>A word of a template; strings are unescaped, texts stripped as their neighbours ask.</summary>
internal readonly record struct Token(TokenType Type, string Text, int Line);
