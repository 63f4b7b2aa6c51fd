namespace Swarm.Inference.Kernels;

/// <summary>How the heads of one layer attend.</summary>
/// <param name="KeySize">Values of a query and of a key.</param>
/// <param name="ValueSize">Values of a value row.</param>
/// <param name="Scale">What scores are multiplied by.</param>
/// <param name="Softcap">c of c · tanh(score / c), which keeps scores within ±c; 0 for none.</param>
/// <param name="Window">How many positions a query sees, its own included; 0 for all before it.</param>
internal readonly record struct AttentionSpec(
    int KeySize, int ValueSize, float Scale, float Softcap = 0, int Window = 0)
{
    /// <summary>The first of the <paramref name="count"/> positions up to a query's own that it sees.</summary>
    public int First(int count) => Window == 0 ? 0 : Math.Max(0, count - Window);
}
