using System.Text;

namespace Swarm.Inference.Text;

/// <summary>
/// Tokens to text as they come: a character is given out when its last byte is there, never in parts. Bytes that can
/// no longer become a character are given out as U+FFFD as soon as that is certain.
/// </summary>
public sealed class TextStream(ITokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes the next token and gives the text that is complete now.</summary>
    public string Push(int id) => Decode(tokenizer.Bytes(id), flush: false);

    /// <summary>Ends the text: what is left of an unfinished character becomes U+FFFD.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        int count = _decoder.GetCharCount(bytes, flush);

        if (count == 0)
        {
            // The decoder must still see the bytes of an unfinished character.
            _ = _decoder.GetChars(bytes, [], flush);
            return "";
        }

        char[] text = new char[count];
        int written = _decoder.GetChars(bytes, text, flush);
        return new string(text, 0, written);
    }
}
