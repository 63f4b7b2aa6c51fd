namespace Swarm.Simulator;

/// <summary>Numbers of one kind, and what is said about them.</summary>
public sealed class Samples
{
    private readonly List<double> _values = [];

    public int Count => _values.Count;

    public double Mean => Count == 0 ? double.NaN : _values.Average();

    public void Add(double value) => _values.Add(value);

    public void Add(Samples others) => _values.AddRange(others._values);

    public void Clear() => _values.Clear();

    /// <summary>The value that so large a share does not exceed.</summary>
    public double Quantile(double share)
    {
        if (Count == 0)
        {
            return double.NaN;
        }

        double[] sorted = [.. _values.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }
}
