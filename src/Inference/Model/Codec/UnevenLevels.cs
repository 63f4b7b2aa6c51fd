using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Model.Codec;

/// <summary>The sixteen levels of <see cref="TableDecoder.Uneven"/>.</summary>
internal readonly struct UnevenLevels : ILevels
{
    public float Lowest => TableDecoder.Uneven[0];

    public float Highest => TableDecoder.Uneven[^1];

    public (int Count, double Reach) Search => (5, 0.25);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Nearest(Vector512<float> values)
    {
        ReadOnlySpan<sbyte> levels = TableDecoder.Uneven;
        var nearest = Vector512.Create((float)levels[0]);

        for (int i = 1; i < levels.Length; i++)
        {
            // Past the middle between two levels, the upper one is nearer.
            var middle = Vector512.Create((levels[i - 1] + levels[i]) / 2f);
            var level = Vector512.Create((float)levels[i]);
            nearest = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(values, middle), level, nearest);
        }

        return nearest;
    }
}
