using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Placement;

/// <summary>Keeps nodes that join at the same moment from taking the same blocks while others stay without.</summary>
/// <remarks>
/// A node announces its choice as one that may change, and looks again. It chooses anew by what those before it hold:
/// all who have settled, and of those who still choose the ones with smaller ids. Nobody settles before them, so each
/// choice is made once and in one order. A node that died while it chose holds the others up for some rounds only.
/// </remarks>
/// <param name="self">This node.</param>
/// <param name="read">Reads the offers of all.</param>
/// <param name="choose">The best span beside the offers it is given.</param>
/// <param name="announce">Announces the last choice, as one that may change.</param>
/// <param name="time">The clock of the rounds.</param>
internal sealed class SpanAgreement(
    NodeId self,
    Func<CancellationToken, Task<SwarmView>> read,
    Func<SwarmView, BlockRange> choose,
    Func<CancellationToken, Task> announce,
    TimeProvider time)
{
    /// <summary>So many nodes at once agree; of more, the last ones stop waiting for each other.</summary>
    public const int RoundsMax = 16;

    // An announcement that was under way while we looked is there when we look again.
    private const int QuietRounds = 2;

    // Longer than it takes to store an announcement, shorter than a person notices.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Chooses, and returns when no one else's choice will change this one.</summary>
    public async Task<BlockRange> SettleAsync(CancellationToken cancel)
    {
        BlockRange chosen = choose(SpanSurvey.Before(await read(cancel), self));
        await announce(cancel);
        int quiet = 0;

        for (int round = 0; round < RoundsMax; round++)
        {
            await Task.Delay(Interval, time, cancel);
            SwarmView view = await read(cancel);
            BlockRange better = choose(SpanSurvey.Before(view, self));
            quiet = better == chosen ? quiet + 1 : 0;

            if (better != chosen)
            {
                chosen = better;
                await announce(cancel);
            }
            else if (quiet >= QuietRounds && !SpanSurvey.IsTurnOfOther(view, self))
            {
                break;
            }
        }

        return chosen;
    }
}
