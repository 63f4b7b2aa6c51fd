using Swarm.Inference.Model;

namespace Swarm.Node.Placement;

/// <summary>Which blocks a node should hold, so that the swarm's weakest point rises the most.</summary>
/// <remarks>
/// A block's throughput is the sum over its holders of what each can push through its span. The choice is the span
/// whose resulting throughputs, sorted from the weakest, are the greatest in dictionary order (leximin): first cover
/// what nobody holds, then help where help is scarcest.
/// </remarks>
public static class BlockChooser
{
    /// <summary>What every block gets from the spans already offered, in tokens per second.</summary>
    public static double[] Supply(int blockCount, IEnumerable<OfferedSpan> offers)
    {
        double[] supply = new double[blockCount];

        foreach (OfferedSpan offer in offers)
        {
            double rate = Rate(offer.Blocks.Count, offer.PerBlockMs);

            for (int block = Math.Max(0, offer.Blocks.First); block < Math.Min(blockCount, offer.Blocks.Last); block++)
            {
                supply[block] += rate;
            }
        }

        return supply;
    }

    /// <summary>The best span, or null when not even one block fits.</summary>
    /// <param name="supply">What every block has now.</param>
    /// <param name="perBlockMs">This node's own time for one token through one block.</param>
    /// <param name="fits">Whether this node has the memory for a span.</param>
    /// <param name="mayHold">Whether the model may be cut at both ends of a span; null for anywhere.</param>
    public static BlockRange? Choose(
        IReadOnlyList<double> supply,
        double perBlockMs,
        Func<BlockRange, bool> fits,
        Func<BlockRange, bool>? mayHold = null)
    {
        BlockRange? best = null;
        double[] bestOutcome = [];

        for (int first = 0; first < supply.Count; first++)
        {
            for (int last = first + 1; last <= supply.Count; last++)
            {
                var span = new BlockRange(first, last);

                // Wider spans need more memory: once one is too wide, so is the rest of its row, but the last block
                // brings the head, so the row is cut and not the search.
                if (!fits(span))
                {
                    break;
                }

                if (mayHold?.Invoke(span) == false)
                {
                    continue;
                }

                double[] outcome = Outcome(supply, span, perBlockMs);

                if (best is null || Compare(outcome, bestOutcome) > 0)
                {
                    (best, bestOutcome) = (span, outcome);
                }
            }
        }

        return best;
    }

    /// <summary>The throughputs after taking a span, weakest first.</summary>
    internal static double[] Outcome(IReadOnlyList<double> supply, BlockRange span, double perBlockMs)
    {
        double[] outcome = [.. supply];
        double rate = Rate(span.Count, perBlockMs);

        for (int block = span.First; block < span.Last; block++)
        {
            outcome[block] += rate;
        }

        Array.Sort(outcome);
        return outcome;
    }

    /// <summary>Dictionary order; differences below a millionth are measurement, not gain.</summary>
    internal static int Compare(double[] left, double[] right)
    {
        for (int at = 0; at < left.Length; at++)
        {
            double difference = left[at] - right[at];

            if (Math.Abs(difference) > 1e-6 * Math.Max(left[at], right[at]))
            {
                return difference > 0 ? 1 : -1;
            }
        }

        return 0;
    }

    private static double Rate(int blocks, double perBlockMs) => 1000 / (blocks * perBlockMs);
}
