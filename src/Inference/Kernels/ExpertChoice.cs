using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Which experts a position takes, and with which weights: from a router's logits, in plain ascending order, so that
/// the same logits choose the same everywhere. Ties go to the lowest id; the chosen come out in ascending order.
/// </summary>
internal static unsafe class ExpertChoice
{
    // Below it a sum of weights says nothing: the smallest normal 16-bit float.
    private const float SumMin = 6.103515625e-5f;

    /// <summary>Chooses.</summary>
    /// <param name="spec">How many of how many, and by what rule.</param>
    /// <param name="logits">One per expert; holds the scores of the choice afterwards.</param>
    /// <param name="scratch">As many floats.</param>
    /// <param name="bias">Added for the choice alone; null for none.</param>
    /// <param name="chosen">Gets the ids.</param>
    /// <param name="weights">Gets their weights.</param>
    public static void Choose(
        ExpertSpec spec, float* logits, float* scratch, float* bias, Span<int> chosen, Span<float> weights)
    {
        float* values = scratch;
        new Span<float>(logits, spec.Count).CopyTo(new Span<float>(values, spec.Count));

        switch (spec.Gating)
        {
            case ExpertGating.Softmax:
                Softmax(new Span<float>(values, spec.Count));
                break;
            case ExpertGating.Sigmoid:
                for (int expert = 0; expert < spec.Count; expert++)
                {
                    values[expert] = 1f / (1f + Exp.Scalar(-values[expert]));
                }

                break;
        }

        for (int expert = 0; expert < spec.Count; expert++)
        {
            logits[expert] = bias is null ? values[expert] : values[expert] + bias[expert];
        }

        if (spec.GroupsUsed < spec.GroupCount)
        {
            KeepBestGroups(spec, logits);
        }

        Largest(logits, spec.Count, chosen[..spec.Used]);
        chosen[..spec.Used].Sort();

        for (int i = 0; i < spec.Used; i++)
        {
            weights[i] = values[chosen[i]];
        }

        Weigh(spec, weights[..spec.Used]);
    }

    private static void Weigh(ExpertSpec spec, Span<float> weights)
    {
        if (spec.Gating == ExpertGating.SoftmaxOfChosen)
        {
            Softmax(weights);
        }

        float sum = 0;

        foreach (float weight in weights)
        {
            sum += weight;
        }

        float divisor = spec.Renormalizes ? MathF.Max(sum, SumMin) : 1;

        foreach (ref float weight in weights)
        {
            weight = weight / divisor * spec.WeightScale;
        }
    }

    private static void Softmax(Span<float> values)
    {
        float largest = float.NegativeInfinity;
        float sum = 0;

        foreach (float value in values)
        {
            largest = MathF.Max(largest, value);
        }

        foreach (ref float value in values)
        {
            value = Exp.Scalar(value - largest);
            sum += value;
        }

        foreach (ref float value in values)
        {
            value /= sum;
        }
    }

    // A group counts as much as its two best experts together; those of the other groups leave the contest.
    private static void KeepBestGroups(ExpertSpec spec, float* scores)
    {
        int size = spec.Count / spec.GroupCount;
        float* groups = stackalloc float[spec.GroupCount];
        Span<int> best = stackalloc int[Math.Max(2, spec.GroupsUsed)];

        for (int group = 0; group < spec.GroupCount; group++)
        {
            Largest(scores + (group * size), size, best[..Math.Min(2, size)]);
            groups[group] = scores[(group * size) + best[0]] + (size > 1 ? scores[(group * size) + best[1]] : 0);
        }

        Largest(groups, spec.GroupCount, best[..spec.GroupsUsed]);

        for (int expert = 0; expert < spec.Count; expert++)
        {
            if (!best[..spec.GroupsUsed].Contains(expert / size))
            {
                scores[expert] = float.NegativeInfinity;
            }
        }
    }

    // The best first. What is no number loses against every number, but somebody is always found.
    private static void Largest(float* scores, int count, Span<int> best)
    {
        for (int rank = 0; rank < best.Length; rank++)
        {
            int found = -1;

            for (int i = 0; i < count; i++)
            {
                if ((found < 0 || scores[i] > scores[found] || float.IsNaN(scores[found])) && !best[..rank].Contains(i))
                {
                    found = i;
                }
            }

            best[rank] = found;
        }
    }
}
