namespace Swarm.Inference.Model;

/// <summary>What every architecture reads in the same way.</summary>
internal static class ConfigRules
{
    /// <summary>The name people know the model by.</summary>
    public static string ModelName(HyperParameters keys)
    {
        string? name = keys.File.Metadata.Text("general.name");
        return string.IsNullOrWhiteSpace(name) ? keys.Architecture : name;
    }

    /// <summary>Rows of the token embedding: the tensor decides, for some files do not hold the number.</summary>
    public static int VocabularySize(HyperParameters keys)
    {
        const string Embedding = "token_embd.weight";
        GgufTensor tensor = keys.File.Find(Embedding)
            ?? throw new GgufException(Embedding, "the file does not hold this tensor; it is a vocabulary or damaged.");

        return tensor.Rows <= GgufLimits.VocabularyMax
            ? (int)tensor.Rows
            : throw new GgufException(Embedding, $"{tensor.Rows} tokens; {GgufLimits.VocabularyMax:N0} are the most.");
    }

    /// <summary>The size of a head: written down, or the width shared among the heads.</summary>
    public static int HeadSize(HyperParameters keys, string key, int width, int heads)
    {
        if (keys.OptionalSize(key, GgufLimits.WidthMax) is { } size)
        {
            return size;
        }

        return width % heads == 0
            ? width / heads
            : throw new GgufException(
                keys.Key("attention.head_count"), $"{heads} heads do not divide a width of {width}.");
    }

    /// <summary>Heads of keys and values, which must divide the heads that ask.</summary>
    public static int KvHeads(HyperParameters keys, int heads, int kvHeads)
        => heads % kvHeads == 0
            ? kvHeads
            : throw new GgufException(
                keys.Key("attention.head_count_kv"), $"{kvHeads} key heads do not divide {heads} heads.");

    /// <summary>The matrix of the head.</summary>
    public static string OutputName(ModelConfig config) => config.TiedOutput ? "token_embd.weight" : "output.weight";
}
