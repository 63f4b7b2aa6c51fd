using System.Diagnostics;
using Swarm.Inference.Model;
using Swarm.Protocol.Identity;

namespace Swarm.Soak;

/// <summary>Who was there when, and what he had announced: what everything found is held against.</summary>
internal sealed class SoakTruth
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, Life> _lives = [];

    /// <summary>A node has begun, a new one or an old one again; nobody is bound to know it yet.</summary>
    public void Begin(SoakNode node)
    {
        lock (_gate)
        {
            _lives[node.Id] = new Life(node.Blocks, Returned: _lives.ContainsKey(node.Id));
        }
    }

    /// <summary>It has joined, and its announcements are held: from now on it must be found.</summary>
    public void Ready(NodeId node) => Change(node, life => life with { ReadyAt = Stopwatch.GetTimestamp() });

    /// <summary>It is about to end: from now on it need not be found.</summary>
    public void Ending(NodeId node) => Change(node, life => life with { EndingAt = Stopwatch.GetTimestamp() });

    /// <summary>It has ended: nobody can be answered by it any more, and its word lives as long as its lease.</summary>
    public void Ended(NodeId node, bool withdrawn)
        => Change(node, life => life with { EndedAt = Stopwatch.GetTimestamp(), Withdrawn = withdrawn });

    /// <summary>What there is to know of a node; null of one that never was.</summary>
    public Life? Of(NodeId node)
    {
        lock (_gate)
        {
            return _lives.GetValueOrDefault(node);
        }
    }

    /// <summary>Who was ready before a moment and has not begun to end: they must be found.</summary>
    public IReadOnlyList<NodeId> Sure(long before, Func<BlockRange, bool>? holds = null)
    {
        lock (_gate)
        {
            return [.. _lives
                .Where(one => one.Value.ReadyAt < before && one.Value.EndingAt == long.MaxValue)
                .Where(one => holds?.Invoke(one.Value.Blocks) != false)
                .Select(one => one.Key)];
        }
    }

    private void Change(NodeId node, Func<Life, Life> change)
    {
        lock (_gate)
        {
            _lives[node] = change(_lives[node]);
        }
    }

    /// <summary>One node's latest life; times are those of <see cref="Stopwatch"/>.</summary>
    internal sealed record Life(BlockRange Blocks, bool Returned)
    {
        public long ReadyAt { get; init; } = long.MaxValue;

        public long EndingAt { get; init; } = long.MaxValue;

        public long EndedAt { get; init; } = long.MaxValue;

        public bool Withdrawn { get; init; }
    }
}
