namespace Swarm.Testing;

/// <summary>Timers by the time they are due: a heap in which every timer knows its place.</summary>
/// <remarks>The times lie beside one another in the heap itself, so that sorting touches no timer but the moved.</remarks>
internal sealed class DueHeap
{
    private const int Children = 4;

    private Entry[] _heap = new Entry[1024];

    internal int Count { get; private set; }

    internal SimulatedTimer TakeFirst()
    {
        SimulatedTimer first = _heap[0].Timer;
        Remove(first);
        return first;
    }

    internal void Add(SimulatedTimer timer)
    {
        if (Count == _heap.Length)
        {
            Array.Resize(ref _heap, 2 * Count);
        }

        Rise(new Entry(timer.Due, timer.Order, timer), Count++);
    }

    internal void Remove(SimulatedTimer timer)
    {
        int place = timer.Place;
        timer.Place = -1;
        Entry last = _heap[--Count];
        _heap[Count] = default;

        if (place == Count)
        {
            return;
        }

        if (place > 0 && last.IsBefore(_heap[(place - 1) / Children]))
        {
            Rise(last, place);
        }
        else
        {
            Sink(last, place);
        }
    }

    private void Rise(in Entry entry, int place)
    {
        while (place > 0)
        {
            int above = (place - 1) / Children;

            if (!entry.IsBefore(_heap[above]))
            {
                break;
            }

            Put(_heap[above], place);
            place = above;
        }

        Put(entry, place);
    }

    private void Sink(in Entry entry, int place)
    {
        while (true)
        {
            int least = (Children * place) + 1;
            int end = Math.Min(least + Children, Count);

            if (least >= end)
            {
                break;
            }

            for (int child = least + 1; child < end; child++)
            {
                least = _heap[child].IsBefore(_heap[least]) ? child : least;
            }

            if (!_heap[least].IsBefore(entry))
            {
                break;
            }

            Put(_heap[least], place);
            place = least;
        }

        Put(entry, place);
    }

    private void Put(in Entry entry, int place)
    {
        _heap[place] = entry;
        entry.Timer.Place = place;
    }

    private readonly record struct Entry(long Due, long Order, SimulatedTimer Timer)
    {
        internal bool IsBefore(in Entry other) => Due < other.Due || (Due == other.Due && Order < other.Order);
    }
}
