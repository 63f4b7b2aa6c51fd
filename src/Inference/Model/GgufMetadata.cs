namespace Swarm.Inference.Model;

/// <summary>What a model file says about itself: keys and values in the file's order.</summary>
public sealed class GgufMetadata
{
    private readonly Dictionary<string, GgufValue> _values;

    internal GgufMetadata(IReadOnlyList<string> keys, Dictionary<string, GgufValue> values)
    {
        Keys = keys;
        _values = values;
    }

    /// <summary>The keys in the order of the file.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Whether the file holds <paramref name="key"/>.</summary>
    public bool Contains(string key) => _values.ContainsKey(key);

    /// <summary>The value of <paramref name="key"/>; null when the file does not hold it.</summary>
    public GgufValue? Find(string key) => _values.GetValueOrDefault(key);

    /// <summary>The value of <paramref name="key"/>.</summary>
    /// <exception cref="GgufException">The file does not hold it.</exception>
    public GgufValue Require(string key)
        => Find(key) ?? throw new GgufException(key, "the file does not hold this key; convert the model again.");

    /// <summary>The single text under <paramref name="key"/>; null when the file does not hold it.</summary>
    public string? Text(string key) => Single(key)?.Text();

    /// <summary>The single whole number under <paramref name="key"/>; null when the file does not hold it.</summary>
    public long? Whole(string key) => Single(key)?.Whole();

    /// <summary>The single number under <paramref name="key"/>; null when the file does not hold it.</summary>
    public double? Number(string key) => Single(key)?.Number();

    /// <summary>The single yes or no under <paramref name="key"/>; null when the file does not hold it.</summary>
    public bool? Flag(string key) => Single(key)?.Flag();

    /// <summary>The array under <paramref name="key"/>; null when the file does not hold it.</summary>
    public GgufValue? Array(string key)
    {
        GgufValue? value = Find(key);

        return value is null || value.Type == GgufValueType.Array
            ? value
            : throw new GgufException(key, $"the file holds {value.Type}, not an array; convert the model again.");
    }

    private GgufValue? Single(string key)
    {
        GgufValue? value = Find(key);

        return value is null || value.Type != GgufValueType.Array
            ? value
            : throw new GgufException(key, "the file holds an array, not a single value; convert the model again.");
    }
}
