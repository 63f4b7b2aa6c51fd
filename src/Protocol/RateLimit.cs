using Swarm.Protocol.Identity;

namespace Swarm.Protocol;

/// <summary>How much each peer may ask for: a <see cref="RateBudget"/> of its own.</summary>
/// <remarks>A plain structure: no clock, no lock.</remarks>
/// <param name="perSecond">What comes back in a second.</param>
/// <param name="burst">What a peer may take at once.</param>
/// <param name="peersMax">How many peers are remembered; when all have taken something, a new one gets nothing.</param>
public sealed class RateLimit(double perSecond, double burst, int peersMax)
{
    // Who can be forgotten is looked for when there are twice as many as were left the last time.
    private const int ForgetAtLeast = 16;

    private readonly Dictionary<NodeId, RateBudget> _budgets = [];
    private int _forgetAt = ForgetAtLeast;

    /// <summary>Takes a share of a peer's allowance; false when it has none left.</summary>
    public bool TryTake(NodeId peer, TimeSpan now)
    {
        if (!_budgets.TryGetValue(peer, out RateBudget? budget))
        {
            if (_budgets.Count >= Math.Min(_forgetAt, peersMax) && !Forget(now))
            {
                return false;
            }

            budget = new RateBudget(perSecond, burst);
            _budgets.Add(peer, budget);
        }

        return budget.TryTake(now);
    }

    // Who has its whole allowance back need not be remembered.
    private bool Forget(TimeSpan now)
    {
        foreach ((NodeId peer, RateBudget budget) in _budgets)
        {
            if (budget.IsWhole(now))
            {
                _ = _budgets.Remove(peer);
            }
        }

        _forgetAt = Math.Max(ForgetAtLeast, 2 * _budgets.Count);
        return _budgets.Count < peersMax;
    }
}
