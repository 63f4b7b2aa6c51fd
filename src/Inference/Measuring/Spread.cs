using System.Globalization;

namespace Swarm.Inference.Measuring;

/// <summary>The middle of several runs and how far they lie apart.</summary>
public sealed record Spread(double Median, double Least, double Most)
{
    /// <summary>Of at least one value.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread(sorted[sorted.Length / 2], sorted[0], sorted[^1]);
    }

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Median:F1} ({Least:F1}-{Most:F1})");
}
