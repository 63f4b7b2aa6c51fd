using System.Buffers;

namespace Swarm.Inference.Text;

/// <summary>The bytes of all tokens, one behind the other.</summary>
internal sealed class TokenBytes
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    /// <summary>Decodes every token that is text.</summary>
    public TokenBytes(Vocabulary vocabulary, Func<string, TokenKind, byte[]> decode)
    {
        var bytes = new ArrayBufferWriter<byte>();
        _starts = new int[vocabulary.Count + 1];

        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Kinds[id] is not (TokenKind.Control or TokenKind.Unknown))
            {
                bytes.Write(decode(vocabulary.Texts[id], vocabulary.Kinds[id]));
            }

            _starts[id + 1] = bytes.WrittenCount;
        }

        _bytes = bytes.WrittenSpan.ToArray();
    }

    /// <summary>The bytes of a token; none for ids beyond the vocabulary.</summary>
    public ReadOnlySpan<byte> Of(int id)
        => (uint)id < (uint)(_starts.Length - 1) ? _bytes.AsSpan(_starts[id].._starts[id + 1]) : [];
}
