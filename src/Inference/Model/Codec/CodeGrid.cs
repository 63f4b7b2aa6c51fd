namespace Swarm.Inference.Model.Codec;

/// <summary>
/// The points that a grid type may place four or eight values on. They follow no rule: whoever defined the format
/// chose them by how often they occur. Sorted as numbers, their digits in the base of the values' count, lowest first,
/// they are stored as distances; 255 means that the distance goes on.
/// </summary>
internal sealed class CodeGrid
{
    private readonly sbyte[] _points;
    private readonly int _digits;

    /// <summary>The grid of <paramref name="digits"/> values a point.</summary>
    public CodeGrid(string distances, int digits, params ReadOnlySpan<sbyte> values)
    {
        _digits = digits;
        List<sbyte> points = [];
        int number = 0;

        foreach (byte distance in Convert.FromBase64String(distances))
        {
            number += distance;

            if (distance == byte.MaxValue)
            {
                continue;
            }

            int rest = number;

            for (int i = 0; i < digits; i++)
            {
                points.Add(values[rest % values.Length]);
                rest /= values.Length;
            }
        }

        _points = [.. points];
    }

    /// <summary>The values of one point.</summary>
    public ReadOnlySpan<sbyte> this[int index] => _points.AsSpan(index * _digits, _digits);
}
