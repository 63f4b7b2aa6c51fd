using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// What the recurrent blocks of one session know of all positions before. It is not kept by position: it can go back
/// only to snapshots, which are taken at fixed positions, a bounded number of them, and to the very beginning. Beside
/// the state itself stands a second one for positions that are computed again.
/// </summary>
internal sealed unsafe class RecurrentState : IDisposable
{
    /// <summary>Positions from one snapshot to the next.</summary>
    public const int Stride = 256;

    // Enough to go back some hundred positions; each costs as much as the state.
    private const int Snapshots = 4;
    private const int None = -1;

    private readonly NativeBuffer _memory;
    private readonly RecurrenceSpec?[] _specs;
    private readonly long[] _offsets;
    private readonly int[] _held = new int[Snapshots];
    private readonly int[] _again;
    private readonly long _length;
    private readonly int _firstBlock;

    public RecurrentState(IReadOnlyList<LayerSpec> layers, int firstBlock)
    {
        _firstBlock = firstBlock;
        _specs = [.. layers.Select(layer => layer.Recurrence)];
        _offsets = new long[_specs.Length];
        _again = new int[_specs.Length];

        for (int i = 0; i < _specs.Length; i++)
        {
            _offsets[i] = _length;
            _length += _specs[i]?.StateLength ?? 0;
        }

        _memory = NativeBuffer.OfFloats(_length * (Snapshots + 2));
        Array.Fill(_held, None);
        Array.Fill(_again, None);
    }

    /// <summary>Bytes that the state of such blocks takes, snapshots included.</summary>
    public static long Bytes(IEnumerable<LayerSpec> layers)
        => layers.Sum(layer => (long)(layer.Recurrence?.StateLength ?? 0)) * sizeof(float) * (Snapshots + 2);

    public void Dispose() => _memory.Dispose();

    /// <summary>The state of a block: that of the session, or the one for positions computed again.</summary>
    public float* Of(int block, bool isNew) => Part(isNew ? 0 : 1) + _offsets[block - _firstBlock];

    /// <summary>Where a block's state after so many positions is to be copied to; null when it is not kept.</summary>
    public float* Snapshot(int block, int length)
        => length % Stride == 0 ? Part(2 + SlotOf(length)) + _offsets[block - _firstBlock] : null;

    /// <summary>Says that positions up to <paramref name="last"/> will be written: what stood there is gone.</summary>
    public void Begin(int first, int last)
    {
        for (int length = ((first / Stride) + 1) * Stride; length <= last; length += Stride)
        {
            _held[SlotOf(length)] = None;
        }
    }

    /// <summary>Says that positions up to <paramref name="last"/> are written.</summary>
    public void End(int first, int last)
    {
        for (int length = ((first / Stride) + 1) * Stride; length <= last; length += Stride)
        {
            _held[SlotOf(length)] = length;
        }
    }

    /// <summary>Makes ready to compute positions from <paramref name="position"/> on again in some blocks.</summary>
    /// <returns>Whether the state at that position is known.</returns>
    public bool TryBeginAgain(BlockRange blocks, int position)
    {
        for (int block = blocks.First; block < blocks.Last; block++)
        {
            int i = block - _firstBlock;

            if (_specs[i] is not { } spec || _again[i] == position)
            {
                continue;
            }

            if (position != 0 && Array.IndexOf(_held, position) < 0)
            {
                return false;
            }

            var target = new Span<float>(Of(block, isNew: false), spec.StateLength);

            if (position == 0)
            {
                target.Clear();
            }
            else
            {
                new Span<float>(Snapshot(block, position), spec.StateLength).CopyTo(target);
            }
        }

        return true;
    }

    /// <summary>Says that positions up to <paramref name="last"/> were computed again in some blocks.</summary>
    public void EndAgain(BlockRange blocks, int last)
    {
        for (int block = blocks.First; block < blocks.Last; block++)
        {
            _again[block - _firstBlock] = last;
        }
    }

    /// <summary>Goes back to the newest snapshot of at most <paramref name="length"/> positions.</summary>
    /// <returns>How many positions the state stands for then.</returns>
    public int GoBack(int length)
    {
        int found = Newest(length);

        if (found == 0)
        {
            new Span<byte>((byte*)Part(0), checked((int)(_length * sizeof(float)))).Clear();
        }
        else
        {
            Buffer.MemoryCopy(Part(2 + SlotOf(found)), Part(0), _length * sizeof(float), _length * sizeof(float));
        }

        Forget(_held, found);
        Forget(_again, found);
        return found;
    }

    /// <summary>Takes over another session's state after at most <paramref name="length"/> positions.</summary>
    /// <param name="other">The other state, of the same blocks.</param>
    /// <param name="length">How many positions are wanted.</param>
    /// <param name="otherLength">How many positions the other one stands for.</param>
    /// <returns>How many positions this one stands for then.</returns>
    public int CopyFrom(RecurrentState other, int length, int otherLength)
    {
        Buffer.MemoryCopy(
            other._memory.Pointer, _memory.Pointer, _memory.Bytes, _memory.Bytes);
        other._held.CopyTo(_held, 0);
        return length == otherLength ? length : GoBack(length);
    }

    /// <summary>Writes what some blocks know after <paramref name="position"/> positions, block after block.</summary>
    /// <param name="blocks">Which blocks.</param>
    /// <param name="position">After how many positions.</param>
    /// <param name="length">How many positions the state stands for.</param>
    /// <param name="target">Room for their states.</param>
    /// <exception cref="InvalidOperationException">It is not known any more.</exception>
    public void Export(BlockRange blocks, int position, int length, float* target)
    {
        if (position != length && position != 0 && Array.IndexOf(_held, position) < 0)
        {
            throw new InvalidOperationException(
                $"recurrent blocks know nothing of position {position} any more: export up to {length}, or up to the "
                + $"snapshot at {Newest(position)}");
        }

        for (int block = blocks.First; block < blocks.Last; block++)
        {
            int count = _specs[block - _firstBlock]?.StateLength ?? 0;
            var state = new Span<float>(target, count);

            if (position == length)
            {
                new Span<float>(Of(block, isNew: true), count).CopyTo(state);
            }
            else if (position == 0)
            {
                state.Clear();
            }
            else
            {
                new Span<float>(Snapshot(block, position), count).CopyTo(state);
            }

            target += count;
        }
    }

    /// <summary>Takes over what blocks know elsewhere.</summary>
    public void Import(BlockRange blocks, float* source)
    {
        for (int block = blocks.First; block < blocks.Last; block++)
        {
            int count = _specs[block - _firstBlock]?.StateLength ?? 0;
            new Span<float>(source, count).CopyTo(new Span<float>(Of(block, isNew: true), count));
            source += count;
        }
    }

    private int Newest(int length)
    {
        int found = 0;

        foreach (int held in _held)
        {
            found = held <= length ? Math.Max(found, held) : found;
        }

        return found;
    }

    private static void Forget(int[] lengths, int beyond)
    {
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = lengths[i] > beyond ? None : lengths[i];
        }
    }

    private static int SlotOf(int length) => length / Stride % Snapshots;

    private float* Part(int index) => _memory.Floats + (_length * index);
}
