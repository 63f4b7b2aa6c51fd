using System.Diagnostics.CodeAnalysis;
using Swarm.Protocol;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// Which hints to dial, and when: each rarely, all together at a bounded rate, whatever is announced. It owns no clock.
/// </summary>
internal sealed class HintBook(Random random)
{
    // Who knows others already lets the newcomer come through one of them before everybody dials it.
    private static readonly TimeSpan UnhurriedMin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan UnhurriedMax = TimeSpan.FromSeconds(3);

    // A node we know is looked at again: should we lose it, its hint still leads to it.
    private static readonly TimeSpan KnownInterval = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Entry> _entries = [];
    private readonly RateBudget _dials = new(LanLimits.DialsPerSecondMax, LanLimits.DialsBurstMax);

    /// <summary>Hints remembered, those taken back included.</summary>
    public int Count => _entries.Count;

    /// <summary>Hints that hold.</summary>
    public IEnumerable<LanHint> Hints => _entries.Values.Where(entry => !entry.IsGone).Select(entry => entry.Hint);

    /// <summary>A node was announced.</summary>
    /// <param name="hint">What was said.</param>
    /// <param name="inHurry">Whether this node knows nobody.</param>
    /// <param name="now">The time.</param>
    public void Hear(LanHint hint, bool inHurry, TimeSpan now)
    {
        if (!_entries.TryGetValue(hint.Instance, out Entry? entry))
        {
            if (_entries.Count == LanLimits.InstancesMax)
            {
                _ = _entries.Remove(_entries.Keys.ElementAt(random.Next(_entries.Count)));
            }

            entry = new Entry { Hint = hint, Due = TimeSpan.MaxValue };
            _entries.Add(hint.Instance, entry);
        }

        TimeSpan soonest = inHurry ? now : now + UnhurriedMin + ((UnhurriedMax - UnhurriedMin) * random.NextDouble());
        TimeSpan again = entry.DialledAt is { } dialled ? dialled + LanLimits.DialInterval : soonest;
        soonest = again > soonest ? again : soonest;
        (entry.Hint, entry.IsGone) = (hint, false);
        entry.Due = entry.Due < soonest ? entry.Due : soonest;
    }

    /// <summary>
    /// An announcement is gone. When it was dialled stays known: a goodbye is no way to be dialled more often.
    /// </summary>
    /// <returns>Which node it was, where that one was met; null for a hint that led to nobody.</returns>
    public NodeId? Forget(string instance)
    {
        if (!_entries.TryGetValue(instance, out Entry? entry))
        {
            return null;
        }

        NodeId? met = entry.IsMet ? entry.Hint.Node : null;
        (entry.IsGone, entry.IsMet) = (true, false);
        return met;
    }

    /// <summary>Takes a hint to dial now, if there is one and the rate allows it.</summary>
    public bool TryTake(TimeSpan now, Func<NodeId, bool> isKnown, [NotNullWhen(true)] out LanHint? hint)
    {
        hint = null;
        Entry[] due = [.. _entries.Values.Where(entry => entry.IsDue(now))];

        foreach (Entry known in due.Where(entry => isKnown(entry.Hint.Node)))
        {
            known.Due = now + KnownInterval;
        }

        due = [.. due.Where(entry => entry.IsDue(now))];

        if (due.Length == 0 || !_dials.TryTake(now))
        {
            return false;
        }

        // By chance: whoever announces a hundred names gets no further than that.
        Entry taken = due[random.Next(due.Length)];
        (taken.IsDialled, taken.DialledAt) = (true, now);
        hint = taken.Hint;
        return true;
    }

    /// <summary>A dial ended.</summary>
    /// <returns>Whether the node was met, and was not the last time.</returns>
    public bool Dialled(LanHint hint, bool succeeded, TimeSpan now)
    {
        if (!_entries.TryGetValue(hint.Instance, out Entry? entry))
        {
            return succeeded;
        }

        bool isNews = succeeded && !entry.IsMet;
        entry.IsMet = succeeded;
        entry.IsDialled = false;
        entry.Failures = succeeded ? 0 : entry.Failures + 1;
        TimeSpan wait = LanLimits.DialInterval * Math.Pow(2, Math.Min(entry.Failures - 1, 10));
        wait = wait < LanLimits.DialIntervalMax ? wait : LanLimits.DialIntervalMax;
        entry.Due = succeeded ? now + KnownInterval : (entry.DialledAt ?? now) + wait;
        return isNews;
    }

    /// <summary>When <see cref="TryTake"/> may give something.</summary>
    public TimeSpan? NextDue(TimeSpan now)
    {
        TimeSpan? due = _entries.Values
            .Where(entry => entry is { IsGone: false, IsDialled: false })
            .Select(entry => (TimeSpan?)entry.Due)
            .Min();
        TimeSpan allowed = now + _dials.Wait(now);
        return due < allowed ? allowed : due;
    }

    private sealed class Entry
    {
        public required LanHint Hint { get; set; }

        public required TimeSpan Due { get; set; }

        public TimeSpan? DialledAt { get; set; }

        public int Failures { get; set; }

        public bool IsDialled { get; set; }

        public bool IsMet { get; set; }

        public bool IsGone { get; set; }

        public bool IsDue(TimeSpan now) => !IsGone && !IsDialled && Due <= now;
    }
}
