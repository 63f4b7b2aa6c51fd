namespace Swarm.Inference.Text;

/// <summary>What a token is, by the format's own numbers.</summary>
internal enum TokenKind
{
    /// <summary>A piece of text.</summary>
    Normal = 1,

    /// <summary>Stands for what has no token.</summary>
    Unknown = 2,

    /// <summary>Steers the model; never text.</summary>
    Control = 3,

    /// <summary>A piece of text that is always one token.</summary>
    UserDefined = 4,

    /// <summary>Never used.</summary>
    Unused = 5,

    /// <summary>One byte.</summary>
    Byte = 6,
}
