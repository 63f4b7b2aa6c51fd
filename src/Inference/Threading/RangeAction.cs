namespace Swarm.Inference.Threading;

/// <summary>Computes the independent results <paramref name="first"/> to <paramref name="last"/> - 1.</summary>
internal delegate void RangeAction(int first, int last);
