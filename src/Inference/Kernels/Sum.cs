using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>One row plus another; each element on its own, so no order matters.</summary>
internal static unsafe class Sum
{
    /// <summary>Adds <paramref name="term"/> to <paramref name="target"/>.</summary>
    public static void Into(float* target, float* term, int count)
    {
        int i = 0;

        for (; i + 16 <= count; i += 16)
        {
            (Vector512.Load(target + i) + Vector512.Load(term + i)).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] += term[i];
        }
    }

    /// <summary>Adds <c>scale · term</c> to <paramref name="target"/>, fused.</summary>
    public static void Scaled(float* target, float* term, float scale, int count)
    {
        int i = 0;
        var scales = Vector512.Create(scale);

        for (; i + 16 <= count; i += 16)
        {
            Vector512.FusedMultiplyAdd(Vector512.Load(term + i), scales, Vector512.Load(target + i)).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] = MathF.FusedMultiplyAdd(term[i], scale, target[i]);
        }
    }
}
