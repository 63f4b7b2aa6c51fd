namespace Swarm.Inference.Text;

/// <summary>Text to tokens and tokens to bytes; safe to use from several threads.</summary>
public interface ITokenizer
{
    /// <summary>What kind it is, as people say it: <c>BPE (llama-bpe)</c>.</summary>
    string Kind { get; }

    /// <summary>What users should know about it, in a sentence; null when there is nothing.</summary>
    string? Note => null;

    /// <summary>How many tokens there are.</summary>
    int Count { get; }

    /// <summary>The token that stands before every text; null when there is none.</summary>
    int? Bos { get; }

    /// <summary>Tokens that end a generation.</summary>
    IReadOnlySet<int> EndIds { get; }

    /// <summary>Whether encoding puts <see cref="Bos"/> first when it may add special tokens.</summary>
    bool AddBos { get; }

    /// <summary>The tokens of a text that comes in pieces, some of the program's own and some of users.</summary>
    /// <param name="pieces">The pieces, which are one text: words may reach from one into the next.</param>
    /// <param name="addSpecial">Whether the tokens that the model wants around a text are added.</param>
    int[] Encode(IReadOnlyList<TextPiece> pieces, bool addSpecial);

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Whether the tokens that the model wants around a text are added.</param>
    /// <param name="parseSpecial">Whether control tokens written out count as such: never for what users wrote.</param>
    int[] Encode(string text, bool addSpecial, bool parseSpecial) => Encode([new(text, parseSpecial)], addSpecial);

    /// <summary>The bytes a token stands for; none for control tokens and for ids beyond the vocabulary.</summary>
    ReadOnlySpan<byte> Bytes(int id);
}
