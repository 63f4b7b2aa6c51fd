using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Which experts a router's logits choose, and with which weights.</summary>
[TestFixture]
public sealed unsafe class ExpertChoiceTests
{
    private static readonly ExpertSpec Two = new() { Count = 6, Used = 2, Size = 1 };

    [Test]
    public void Ties_go_to_the_lowest_id_and_the_chosen_come_in_order()
    {
        (string chosen, float[] weights) = Choose(Two with { Renormalizes = true }, [1, 3, 0, 3, 3, 3]);
        Assert.That(chosen, Is.EqualTo("1 3"));
        Assert.That(weights, Is.All.EqualTo(0.5f));
    }

    [Test]
    public void Softmax_runs_over_all_or_over_the_chosen()
    {
        float[] logits = [0, 1, 2, 0, 0, 0];
        double all = logits.Sum(logit => Math.Exp(logit));
        Assert.That(Choose(Two, logits).Weights[1], Is.EqualTo(Math.Exp(2) / all).Within(1e-6));
        Assert.That(
            Choose(Two with { Gating = ExpertGating.SoftmaxOfChosen }, logits).Weights[1],
            Is.EqualTo(Math.Exp(2) / (Math.Exp(1) + Math.Exp(2))).Within(1e-6));
    }

    [Test]
    public void A_bias_helps_to_choose_and_leaves_the_weights_alone()
    {
        ExpertSpec spec = Two with { Gating = ExpertGating.Sigmoid, WeightScale = 2, HasSelectionBias = true };
        (string chosen, float[] weights) = Choose(spec, [0, 0, 5, 0, 0, 0], [0, 0, 0, 0, 9, 0]);
        Assert.That(chosen, Is.EqualTo("2 4"));
        Assert.That(weights[1], Is.EqualTo(1f));
    }

    [Test]
    public void Groups_compete_by_their_two_best()
    {
        ExpertSpec spec = Two with { GroupCount = 3, GroupsUsed = 1 };
        Assert.That(Choose(spec, [9, 0, 7, 7, 1, 1]).Chosen, Is.EqualTo("0 1"));
        Assert.That(
            Choose(spec with { Gating = ExpertGating.Sigmoid }, [1, -9, 0.9f, 0.9f, 0, 0]).Chosen, Is.EqualTo("2 3"));
    }

    [Test]
    public void What_is_no_number_never_leaves_a_place_empty()
    {
        float[] none = [float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN];
        Assert.That(Choose(Two, none).Chosen.Split(' '), Is.Unique.And.Length.EqualTo(2).And.None.EqualTo("-1"));
    }

    private static (string Chosen, float[] Weights) Choose(ExpertSpec spec, float[] logits, float[]? bias = null)
    {
        int[] chosen = new int[spec.Used];
        float[] weights = new float[spec.Used];
        float[] work = [.. logits];

        fixed (float* scores = work, scratch = new float[work.Length], added = bias)
        {
            ExpertChoice.Choose(spec, scores, scratch, added, chosen, weights);
        }

        return (string.Join(' ', chosen), weights);
    }
}
