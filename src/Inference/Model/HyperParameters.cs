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

    /// <summary>A number from 0 to <paramref name="most"/>; 0 when the file does not hold it.</summary>
    public int Count(string key, int most)
        => file.Metadata.Whole(Key(key)) is { } value ? Within(key, value, most, 0) : 0;

    /// <summary>A number per block: an array, or one value for all.</summary>
    public int[] Sizes(string key, int most, int blocks)
        => OptionalSizes(key, most, blocks) ?? throw new GgufException(
            Key(key), "the file does not hold this key; convert the model again.");

    /// <summary>A number per block: an array, or one value for all; null when the file does not hold it.</summary>
    public int[]? OptionalSizes(string key, int most, int blocks, int least = 1)
        => PerBlock(key, blocks) is { } value
            ? [.. Enumerable.Range(0, blocks).Select(block => Within(key, value(block).Whole, most, least))]
            : null;

    /// <summary>
    /// A yes or no per block, one for all, or a period n: no for every n-th block, yes for all others.
    /// </summary>
    public bool[]? OptionalPattern(string key, int blocks)
    {
        if (PerBlock(key, blocks) is not { } value)
        {
            return null;
        }

        if (value(0).IsFlag)
        {
            return [.. Enumerable.Range(0, blocks).Select(block => value(block).Flag)];
        }

        int period = file.Metadata.Find(Key(key))!.Type == GgufValueType.Array
            ? throw new GgufException(Key(key), "the array holds no yes and no; convert the model again.")
            : Within(key, value(0).Whole, GgufLimits.BlocksMax, 0);
        return Pattern(period, blocks);
    }

    /// <summary>No for every n-th block, yes for all others; for a period of 0 no for all.</summary>
    public static bool[] Pattern(int period, int blocks)
        => [.. Enumerable.Range(0, blocks).Select(block => period > 0 && block % period < period - 1)];

    /// <summary>A finite number above zero; <paramref name="otherwise"/> when the file does not hold it.</summary>
    public float Positive(string key, float? otherwise)
    {
        double value = file.Metadata.Number(Key(key)) ?? otherwise ?? throw new GgufException(
            Key(key), "the file does not hold this key; convert the model again.");

        return double.IsFinite(value) && value > 0 && float.IsFinite((float)value) && (float)value > 0
            ? (float)value
            : throw new GgufException(Key(key), $"{value} is no usable number; it must be above 0.");
    }

    /// <summary>A finite number of 0 or more; <paramref name="otherwise"/> when the file does not hold it.</summary>
    public float NotNegative(string key, float otherwise)
        => file.Metadata.Number(Key(key)) is 0 ? 0 : file.Metadata.Contains(Key(key)) ? Positive(key, null) : otherwise;

    /// <summary>Yes or no; no when the file does not hold it.</summary>
    public bool Flag(string key) => file.Metadata.Flag(Key(key)) ?? false;

    /// <summary>A factor of 1 or what the file holds; some converters write 0 for «none».</summary>
    public float Factor(string key) => file.Metadata.Number(Key(key)) is 0 ? 1 : Positive(key, 1);

    /// <summary>A text; null when the file does not hold it.</summary>
    public string? Text(string key) => file.Metadata.Text(Key(key));

    /// <summary>Whether the file holds the key.</summary>
    public bool Contains(string key) => file.Metadata.Contains(Key(key));

    /// <summary>The key with its prefix.</summary>
    public string Key(string key) => $"{architecture}.{key}";

    /// <summary>The refusal of a value that contradicts others.</summary>
    public GgufException Wrong(string key, string problem) => new(Key(key), problem);

    private Func<int, Element>? PerBlock(string key, int blocks)
    {
        GgufValue? value = file.Metadata.Find(Key(key));

        if (value is null)
        {
            return null;
        }

        bool array = value.Type == GgufValueType.Array;
        return array && value.Count != blocks
            ? throw new GgufException(Key(key), $"the array has {value.Count} values for {blocks} blocks.")
            : block => new Element(value, array ? block : 0);
    }

    private int Within(string key, long value, int most, int least = 1)
        => value >= least && value <= most
            ? (int)value
            : throw new GgufException(Key(key), $"{value} is outside of {least} to {most:N0}.");

    private readonly record struct Element(GgufValue Value, int Index)
    {
        public bool IsFlag => Value.ElementType == GgufValueType.Bool;

        public bool Flag => Value.Flag(Index);

        public long Whole => Value.Whole(Index);
    }
}
