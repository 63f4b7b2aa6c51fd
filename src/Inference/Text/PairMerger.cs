namespace Swarm.Inference.Text;

/// <summary>
/// Merges neighbouring symbols, the best pair first and the leftmost of equals, until no pair is left. A heap of
/// candidates keeps this at n log n, whatever the text.
/// </summary>
internal abstract class PairMerger
{
    private readonly PriorityQueue<(int Left, int Length, int Id), ulong> _candidates = new();
    private readonly List<Symbol> _symbols = [];

    /// <summary>Whether two neighbours may be merged, how early (least first), and what they become.</summary>
    protected abstract bool TryPair(Symbol left, Symbol right, out uint rank, out int id);

    /// <summary>What becomes of a symbol that was merged as far as it goes.</summary>
    protected abstract void Emit(Symbol symbol, List<int> output);

    /// <summary>Forgets all symbols.</summary>
    protected void Clear()
    {
        _symbols.Clear();
        _candidates.Clear();
    }

    /// <summary>Appends a symbol of <paramref name="length"/> letters.</summary>
    protected void Append(int start, int length, int id)
    {
        int index = _symbols.Count;
        _symbols.Add(new Symbol(start, length, id, index - 1, -1));

        if (index > 0)
        {
            _symbols[index - 1] = _symbols[index - 1] with { Next = index };
            Consider(index - 1);
        }
    }

    /// <summary>Merges what can be merged and emits what is left.</summary>
    protected void Merge(List<int> output)
    {
        while (_candidates.TryDequeue(out (int Left, int Length, int Id) candidate, out _))
        {
            Symbol left = _symbols[candidate.Left];

            // Either side may have been merged since; lengths only grow, so their sum tells.
            if (left.Length == 0 || left.Next < 0 || left.Length + _symbols[left.Next].Length != candidate.Length)
            {
                continue;
            }

            int gone = left.Next;
            int next = _symbols[gone].Next;
            _symbols[gone] = _symbols[gone] with { Length = 0 };
            _symbols[candidate.Left] = left with { Length = candidate.Length, Id = candidate.Id, Next = next };

            if (next >= 0)
            {
                _symbols[next] = _symbols[next] with { Previous = candidate.Left };
                Consider(candidate.Left);
            }

            if (left.Previous >= 0)
            {
                Consider(left.Previous);
            }
        }

        for (int index = _symbols.Count == 0 ? -1 : 0; index >= 0; index = _symbols[index].Next)
        {
            Emit(_symbols[index], output);
        }
    }

    private void Consider(int index)
    {
        Symbol left = _symbols[index];
        Symbol right = _symbols[left.Next];

        if (TryPair(left, right, out uint rank, out int id))
        {
            _candidates.Enqueue((index, left.Length + right.Length, id), ((ulong)rank << 32) | (uint)index);
        }
    }

    /// <summary>Letters that are merged so far, and their neighbours; without length when merged away.</summary>
    protected readonly record struct Symbol(int Start, int Length, int Id, int Previous, int Next);
}
