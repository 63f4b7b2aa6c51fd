namespace Swarm.Inference.Model;

/// <summary>Where one tensor lies and how it is stored; its range is proven to lie inside its file.</summary>
public sealed class GgufTensor
{
    internal GgufTensor(string name, GgmlType type, IReadOnlyList<long> dimensions, long offset, int part = 0)
    {
        Name = name;
        Type = type;
        Dimensions = dimensions;
        Offset = offset;
        Part = part;
        Elements = 1;

        foreach (long dimension in dimensions)
        {
            Elements = checked(Elements * dimension);
        }
    }

    /// <summary>Its name, as the format writes it: <c>blk.0.attn_q.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How its numbers are stored.</summary>
    public GgmlType Type { get; }

    /// <summary>One to four lengths; the first is the contiguous one, the inputs of a matrix.</summary>
    public IReadOnlyList<long> Dimensions { get; }

    /// <summary>Bytes between the start of its part's data and its own first byte.</summary>
    public long Offset { get; }

    /// <summary>Which part of a split model holds it, 0 when the model is one file.</summary>
    public int Part { get; }

    /// <summary>How many values it has.</summary>
    public long Elements { get; }

    /// <summary>Values of one row: its first dimension.</summary>
    public long RowLength => Dimensions[0];

    /// <summary>How many rows it has: the product of its other dimensions.</summary>
    public long Rows => Elements / Dimensions[0];

    /// <summary>Bytes of one row.</summary>
    public long RowBytes => Type.BytesOf(RowLength);

    /// <summary>Bytes of the whole tensor.</summary>
    public long Bytes => Type.BytesOf(Elements);

    /// <summary>Its shape as people write it: <c>2048 x 128256</c>.</summary>
    public string Shape => string.Join(" x ", Dimensions);
}
