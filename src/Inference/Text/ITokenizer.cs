namespace Swarm.Inference.Text;

/// <summary>Text to tokens and tokens to bytes; safe to use from several threads.</summary>
public interface ITokenizer
{
    /// <summary>What kind it is, as people say it: <c>BPE (llama-bpe)</c>.</summary>
    string Kind { get; }

    /// <summary>How many tokens there are.</summary>
    int Count { get; }

    /// <summary>The token that stands before every text; null when there is none.</summary>
    int? Bos { get; }

    /// <summary>Tokens that end a generation.</summary>
    IReadOnlySet<int> EndIds { get; }

    /// <summary>Whether <see cref="Encode"/> puts <see cref="Bos"/> first when it may add special tokens.</summary>
    bool AddBos { get; }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Whether the tokens that the model wants around a text are added.</param>
    /// <param name="parseSpecial">Whether control tokens written out count as such: never for what users wrote.</param>
    int[] Encode(string text, bool addSpecial, bool parseSpecial);

    /// <summary>The bytes a token stands for; none for control tokens and for ids beyond the vocabulary.</summary>
    ReadOnlySpan<byte> Bytes(int id);
}
