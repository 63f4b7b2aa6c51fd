using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Model.Codec;

/// <summary>All whole numbers from the lowest to the highest.</summary>
internal readonly struct EvenLevels(float lowest, float highest) : ILevels
{
    public float Lowest => lowest;

    public float Highest => highest;

    // A scale and a half more or less than there are levels; many levels leave little to be won.
    public (int Count, double Reach) Search => (highest > 16 ? 3 : 7, 1.5 / highest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Nearest(Vector512<float> values)
        => Vector512.Min(
            Vector512.Max(Vector512.Round(values), Vector512.Create(lowest)), Vector512.Create(highest));
}
