namespace Swarm.Inference.Chat.Jinja;

/// <summary>What a word of a template is.</summary>
internal enum TokenType
{
    /// <summary>Text between the tags.</summary>
    Text,

    /// <summary>Begins an expression to be written.</summary>
    OutputBegin,

    /// <summary>Ends an expression to be written.</summary>
    OutputEnd,

    /// <summary>Begins a statement.</summary>
    BlockBegin,

    /// <summary>Ends a statement.</summary>
    BlockEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A text in quotes.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction or an exponent.</summary>
    Float,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>Behind the last word.</summary>
    End,
}
