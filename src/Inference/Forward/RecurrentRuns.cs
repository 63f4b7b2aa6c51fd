namespace Swarm.Inference.Forward;

/// <summary>
/// The columns of a batch by sessions: positions of one session must pass a recurrent block one after another, sessions
/// need not wait for each other.
/// </summary>
internal sealed class RecurrentRuns
{
    private int[] _starts = [];

    /// <summary>How many sessions there are.</summary>
    public int Count { get; private set; }

    /// <summary>Finds them again for the columns that take part now.</summary>
    public void Find(BlockPass pass)
    {
        if (_starts.Length <= pass.Count)
        {
            _starts = new int[pass.Count + 1];
        }

        Count = 0;

        for (int i = 0; i < pass.Count; i++)
        {
            if (i == 0 || pass.At(i).Slice != pass.At(i - 1).Slice)
            {
                _starts[Count++] = i;
            }
        }

        _starts[Count] = pass.Count;
    }

    /// <summary>The first column of a session, and the first that is not of it.</summary>
    public (int First, int Last) Of(int run) => (_starts[run], _starts[run + 1]);
}
