using System.Diagnostics.CodeAnalysis;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// Which neighbours become one, and how early. Symbols are tokens; a text that is only part of a merge has an id
/// behind theirs.
/// </summary>
internal sealed class MergeTable
{
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<string, int> _extraIds = new(StringComparer.Ordinal);
    private readonly List<string> _extraTexts = [];
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges;

    /// <summary>Reads the merges, and gives a symbol to each of these letters, whatever the vocabulary holds.</summary>
    /// <exception cref="GgufException">There are none, or one is no pair.</exception>
    public MergeTable(GgufMetadata metadata, Vocabulary vocabulary, IEnumerable<string> letters)
    {
        const string Key = "tokenizer.ggml.merges";
        _vocabulary = vocabulary;
        Letters = [.. letters.Select(SymbolOf)];
        GgufValue merges = metadata.Array(Key)
            ?? throw new GgufException(Key, "the file does not hold this key; convert the model again.");
        _merges = new(merges.Count);

        for (int rank = 0; rank < merges.Count; rank++)
        {
            string merge = merges.Text(rank);

            // The space that parts the two is never the first letter.
            int space = merge.Length > 0 ? merge.IndexOf(' ', 1) : -1;

            if (space < 0)
            {
                throw new GgufException(Key, $"merge {rank} is no pair of texts; convert the model again.");
            }

            string left = merge[..space];
            string right = merge[(space + 1)..];
            _ = _merges.TryAdd((SymbolOf(left), SymbolOf(right)), (rank, SymbolOf(left + right)));
        }
    }

    /// <summary>The symbols of the letters given.</summary>
    public int[] Letters { get; }

    /// <summary>Whether two neighbours are merged, how early (least first), and what they become.</summary>
    public bool TryPair(int left, int right, out uint rank, out int id)
    {
        bool found = _merges.TryGetValue((left, right), out (int Rank, int Id) merge);
        (rank, id) = ((uint)merge.Rank, merge.Id);
        return found;
    }

    /// <summary>The symbol of a text; false when neither the tokens nor the merges know it.</summary>
    public bool TrySymbol(ReadOnlySpan<char> text, out int id)
        => _vocabulary.PlainIds.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out id)
            || _extraIds.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out id);

    /// <summary>The text of a symbol that is no token; false for tokens.</summary>
    public bool TryExtra(int symbol, [NotNullWhen(true)] out string? text)
    {
        text = symbol < _vocabulary.Count ? null : _extraTexts[symbol - _vocabulary.Count];
        return text is not null;
    }

    private int SymbolOf(string text)
    {
        if (_vocabulary.PlainIds.TryGetValue(text, out int id) || _extraIds.TryGetValue(text, out id))
        {
            return id;
        }

        id = _vocabulary.Count + _extraTexts.Count;
        _extraIds.Add(text, id);
        _extraTexts.Add(text);
        return id;
    }
}
