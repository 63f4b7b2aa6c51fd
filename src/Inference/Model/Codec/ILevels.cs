using System.Runtime.Intrinsics;

namespace Swarm.Inference.Model.Codec;

/// <summary>The whole numbers that a type can store in the place of a value.</summary>
internal interface ILevels
{
    /// <summary>The lowest of them.</summary>
    float Lowest { get; }

    /// <summary>The highest of them.</summary>
    float Highest { get; }

    /// <summary>How many scales to try on either side of the obvious one, and how far off the last is.</summary>
    (int Count, double Reach) Search { get; }

    /// <summary>The level nearest to each of sixteen values.</summary>
    Vector512<float> Nearest(Vector512<float> values);
}
