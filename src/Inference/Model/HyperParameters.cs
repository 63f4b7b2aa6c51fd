namespace Swarm.Inference.Model;

/// <summary>The numbers an architecture is made of, each inside its limits.</summary>
internal sealed class HyperParameters(GgufFile file, string architecture)
{
    /// <summary>The file they come from.</summary>
    public GgufFile File => file;

    /// <summary>The prefix of their keys.</summary>
    public string Architecture => architecture;

    /// <summary>A number from 1 to <paramref name="most"/> that the file must hold.</summary>
    public int Size(string key, int most)
        => OptionalSize(key, most) ?? throw new GgufException(
            Key(key), "the file does not hold this key; convert the model again.");

    /// <summary>A number from 1 to <paramref name="most"/>; null when the file does not hold it.</summary>
    public int? OptionalSize(string key, int most)
        => file.Metadata.Whole(Key(key)) is { } value ? Within(key, value, most) : null;

    /// <summary>A number per block: an array, or one value for all.</summary>
    public int[]? OptionalSizes(string key, int most, int blocks)
    {
        GgufValue? value = file.Metadata.Find(Key(key));

        if (value is null)
        {
            return null;
        }

        if (value.Type == GgufValueType.Array && value.Count != blocks)
        {
            throw new GgufException(Key(key), $"the array has {value.Count} values for {blocks} blocks.");
        }

        return [.. Enumerable.Range(0, blocks)
            .Select(block => Within(key, value.Whole(value.Type == GgufValueType.Array ? block : 0), most))];
    }

    /// <summary>A finite number above zero; <paramref name="otherwise"/> when the file does not hold it.</summary>
    public float Positive(string key, float? otherwise)
    {
        double value = file.Metadata.Number(Key(key)) ?? otherwise ?? throw new GgufException(
            Key(key), "the file does not hold this key; convert the model again.");

        return double.IsFinite(value) && value > 0 && float.IsFinite((float)value) && (float)value > 0
            ? (float)value
            : throw new GgufException(Key(key), $"{value} is no usable number; it must be above 0.");
    }

    /// <summary>A factor of 1 or what the file holds; some converters write 0 for «none».</summary>
    public float Factor(string key) => file.Metadata.Number(Key(key)) is 0 ? 1 : Positive(key, 1);

    /// <summary>A text; null when the file does not hold it.</summary>
    public string? Text(string key) => file.Metadata.Text(Key(key));

    /// <summary>Whether the file holds the key.</summary>
    public bool Contains(string key) => file.Metadata.Contains(Key(key));

    /// <summary>The key with its prefix.</summary>
    public string Key(string key) => $"{architecture}.{key}";

    private int Within(string key, long value, int most)
        => value >= 1 && value <= most
            ? (int)value
            : throw new GgufException(Key(key), $"{value} is outside of 1 to {most:N0}.");
}
