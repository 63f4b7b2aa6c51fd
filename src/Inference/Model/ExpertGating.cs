namespace Swarm.Inference.Model;

/// <summary>How a router's logits become the weights of experts.</summary>
public enum ExpertGating
{
    /// <summary>Softmax over all experts.</summary>
    Softmax = 1,

    /// <summary>Each by the logistic function.</summary>
    Sigmoid = 2,

    /// <summary>Softmax over those that are chosen.</summary>
    SoftmaxOfChosen = 3,
}
