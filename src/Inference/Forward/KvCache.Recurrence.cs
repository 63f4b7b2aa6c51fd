using Swarm.Inference.Model;

namespace Swarm.Inference.Forward;

/// <summary>What recurrent blocks need of a cache: see <see cref="RecurrentState"/>.</summary>
public sealed unsafe partial class KvCache
{
    private int _lengthBefore;

    /// <summary>
    /// Whether positions from <paramref name="position"/> on can be computed again in some of the blocks without
    /// writing: always, but for recurrent blocks, whose state is known only at snapshots and where they stood last.
    /// </summary>
    public bool TryBeginAgain(BlockRange blocks, int position)
        => _recurrent is null || position >= Length || _recurrent.TryBeginAgain(blocks, position);

    /// <summary>The state of a recurrent block.</summary>
    internal float* State(int block, bool isNew) => _recurrent!.Of(block, isNew);

    /// <summary>Announces a run that will end with <paramref name="last"/> positions.</summary>
    internal void BeginRun(int last)
    {
        _lengthBefore = Length;
        _recurrent?.Begin(Length, last);
    }

    /// <summary>Ends a run; where it failed, recurrent blocks go back to their newest snapshot.</summary>
    internal void EndRun(BlockRange blocks, int first, int last, bool failed)
    {
        if (_recurrent is null)
        {
            return;
        }

        if (failed)
        {
            GoBack(Length);
            return;
        }

        _recurrent.EndAgain(blocks, first < _lengthBefore ? Math.Min(last, _lengthBefore) : -1);
        _recurrent.End(_lengthBefore, last);
    }

    /// <summary>Keeps some channels of a convolution's state, where a snapshot is due.</summary>
    internal void Snap(in Column column, int block, RecurrenceSpec spec, int first, int last)
    {
        float* target = column.Appends ? _recurrent!.Snapshot(block, column.Position + 1) : null;

        for (int tap = 0; target is not null && tap < spec.Taps - 1; tap++)
        {
            int at = (tap * spec.Channels) + first;
            new Span<float>(State(block, isNew: true) + at, last - first)
                .CopyTo(new Span<float>(target + at, last - first));
        }
    }

    /// <summary>Keeps a head's matrix, where a snapshot is due.</summary>
    internal void Snap(in Column column, int block, RecurrenceSpec spec, int head)
    {
        float* target = column.Appends ? _recurrent!.Snapshot(block, column.Position + 1) : null;

        if (target is not null)
        {
            int at = spec.TailLength + (head * spec.MatrixLength);
            new Span<float>(State(block, isNew: true) + at, spec.MatrixLength)
                .CopyTo(new Span<float>(target + at, spec.MatrixLength));
        }
    }

    // To at most so many positions: exactly, but for recurrent blocks.
    private void GoBack(int length)
    {
        int found = _recurrent?.GoBack(length) ?? length;

        for (int i = 0; i < _lengths.Length; i++)
        {
            _lengths[i] = Math.Min(_lengths[i], found);
        }

        Length = Math.Min(Length, found);
    }
}
