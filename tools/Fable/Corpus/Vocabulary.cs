using System.Text;
using System.Text.RegularExpressions;

namespace Swarm.Fable.Corpus;

/// <summary>
/// A byte-level BPE vocabulary learned from stories: the 256 bytes, the merges in the order in which they were found,
/// and the end of a text. Any input can be written with it.
/// </summary>
public sealed partial class Vocabulary
{
    private readonly List<(int Left, int Right)> _merges = [];
    private readonly Dictionary<(int Left, int Right), int> _ids = [];
    private readonly Dictionary<string, int[]> _words = [];

    /// <summary>How many tokens there are.</summary>
    public int Count => 256 + _merges.Count + 1;

    /// <summary>The token that begins and ends every text.</summary>
    public int EndOfText => Count - 1;

    /// <summary>Learns merges, the most frequent pair first and the lower ids on a tie, until there are enough tokens.</summary>
    public static Vocabulary Learn(IEnumerable<string> texts, int count)
    {
        var vocabulary = new Vocabulary();
        (int[] Ids, int Times)[] words = [.. texts
            .SelectMany(text => Word().Matches(text).Select(match => match.Value))
            .CountBy(word => word)
            .OrderBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => (Encoding.UTF8.GetBytes(word.Key).Select(one => (int)one).ToArray(), word.Value))];

        while (vocabulary.Count < count)
        {
            var pairs = new Dictionary<(int Left, int Right), int>();
            foreach ((int[] ids, int times) in words)
            {
                for (int i = 1; i < ids.Length; i++)
                {
                    (int, int) pair = (ids[i - 1], ids[i]);
                    pairs[pair] = pairs.GetValueOrDefault(pair) + times;
                }
            }

            if (pairs.Count == 0)
            {
                break;
            }

            (int Left, int Right) best = pairs.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).First().Key;
            int merged = vocabulary.Add(best);
            for (int i = 0; i < words.Length; i++)
            {
                words[i].Ids = Merge(words[i].Ids, best, merged);
            }
        }

        return vocabulary;
    }

    /// <summary>The ids of a text, without the ends.</summary>
    public int[] Encode(string text)
        => [.. Word().Matches(text).SelectMany(match => EncodeWord(match.Value))];

    /// <summary>The ids of a story between two ends: what the model is trained on and measured by.</summary>
    public int[] EncodeWhole(string text) => [EndOfText, .. Encode(text), EndOfText];

    /// <summary>For each token after the first: whether it holds a letter of something recalled.</summary>
    public bool[] Recalls(Story story, int[] ids)
    {
        bool[] recalls = new bool[ids.Length - 1];
        int at = 0;
        for (int i = 1; i < ids.Length - 1; i++)
        {
            int end = at + Bytes(ids[i]).Length;
            recalls[i - 1] = story.Recalled.Any(span => span.Start < end && at < span.End);
            at = end;
        }

        return recalls;
    }

    /// <summary>The bytes that a token stands for.</summary>
    public byte[] Bytes(int id)
    {
        if (id < 256)
        {
            return [(byte)id];
        }

        (int left, int right) = _merges[id - 256];
        return [.. Bytes(left), .. Bytes(right)];
    }

    /// <summary>The tokens as a GGUF file of this kind names them: GPT-2's printable letter for each byte.</summary>
    public string[] Tokens() => [.. Enumerable.Range(0, Count - 1).Select(Printable), "<|endoftext|>"];

    /// <summary>The merges as a GGUF file names them, the first learned first.</summary>
    public string[] Merges() => [.. _merges.Select(pair => $"{Printable(pair.Left)} {Printable(pair.Right)}")];

    private string Printable(int id) => string.Concat(Bytes(id).Select(PrintableByte));

    // GPT-2 shows a byte as its own Latin-1 letter if that can be seen, else as the next letter from 256 on.
    private static char PrintableByte(byte value)
    {
        static bool Visible(int one) => one is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return Visible(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(one => !Visible(one)));
    }

    private int Add((int Left, int Right) pair)
    {
        int id = 256 + _merges.Count;
        _merges.Add(pair);
        _ids.Add(pair, id);
        return id;
    }

    private int[] EncodeWord(string word)
    {
        lock (_words)
        {
            if (!_words.TryGetValue(word, out int[]? ids))
            {
                ids = [.. Encoding.UTF8.GetBytes(word).Select(one => (int)one)];
                while (ids.Length > 1)
                {
                    (int, int)[] known = [.. ids.Zip(ids.Skip(1)).Where(_ids.ContainsKey)];
                    if (known.Length == 0)
                    {
                        break;
                    }

                    (int, int) first = known.MinBy(pair => _ids[pair]);
                    ids = Merge(ids, first, _ids[first]);
                }

                _words.Add(word, ids);
            }

            return ids;
        }
    }

    private static int[] Merge(int[] ids, (int Left, int Right) pair, int merged)
    {
        var result = new List<int>(ids.Length);
        for (int i = 0; i < ids.Length; i++)
        {
            if (i + 1 < ids.Length && ids[i] == pair.Left && ids[i + 1] == pair.Right)
            {
                result.Add(merged);
                i++;
            }
            else
            {
                result.Add(ids[i]);
            }
        }

        return [.. result];
    }

    // How GPT-2 cuts a text into words before it merges.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Word();
}
