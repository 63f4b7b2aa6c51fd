namespace Swarm.Node.Generation;

/// <summary>
/// Which steps bring every stage of a route to the same position: one routine for a prompt and for every repair.
/// </summary>
/// <remarks>
/// With <c>n</c> ids known, every stage must hold positions <c>[0, n-1)</c>; then a step at <c>n-1</c> draws the next
/// id. Between two positions at which stages stand, the target is the last stage that lacks what lies between: the
/// stages before it compute (those that hold it already without writing), and none behind it does.
/// </remarks>
public static class FeedPlan
{
    /// <summary>The steps, in the order in which they are sent; nothing waits for an answer in between.</summary>
    /// <param name="held">Where each stage stands.</param>
    /// <param name="idCount">How many ids are known; at least one.</param>
    /// <param name="chunkTokens">The most positions in one step.</param>
    public static IReadOnlyList<FeedStep> Make(IReadOnlyList<int> held, int idCount, int chunkTokens)
    {
        int goal = idCount - 1;
        int head = held.Count - 1;
        int[] borders = [.. held.Where(position => position < goal).Append(goal).Distinct().Order()];
        var steps = new List<FeedStep>();

        for (int i = 0; i < borders.Length - 1; i++)
        {
            int first = borders[i];
            int target = LastAtOrBefore(held, first);

            // What the head lacks up to the end goes together with the position it draws after.
            bool draws = target == head && borders[i + 1] == goal;
            AddChunks(steps, first, draws ? idCount : borders[i + 1], target, draws, chunkTokens);
        }

        if (steps.Count == 0 || !steps[^1].Sample)
        {
            steps.Add(new FeedStep(goal, 1, head, true));
        }

        return steps;
    }

    private static int LastAtOrBefore(IReadOnlyList<int> held, int position)
    {
        int last = held.Count - 1;

        while (held[last] > position)
        {
            last--;
        }

        return last;
    }

    private static void AddChunks(List<FeedStep> steps, int first, int end, int target, bool draws, int chunkTokens)
    {
        for (int position = first; position < end; position += chunkTokens)
        {
            int count = Math.Min(chunkTokens, end - position);
            steps.Add(new FeedStep(position, count, target, draws && position + count == end));
        }
    }
}
