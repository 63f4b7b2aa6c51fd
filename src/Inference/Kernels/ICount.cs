namespace Swarm.Inference.Kernels;

/// <summary>A number that the compiler knows, so that loops over it unroll and what lies beyond it vanishes.</summary>
internal interface ICount
{
    static abstract int Value { get; }
}
