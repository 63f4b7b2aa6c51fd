namespace Swarm.Inference.Model;

/// <summary>How large anything in a model file may claim to be; beyond it the file is refused.</summary>
public static class GgufLimits
{
    /// <summary>Metadata entries: real files have about 40.</summary>
    public const int EntriesMax = 65_536;

    /// <summary>Tensors of one model: the largest mixtures of experts have about 2,000.</summary>
    public const int TensorsMax = 1_048_576;

    /// <summary>Bytes of a metadata key.</summary>
    public const int KeyBytesMax = 64 * 1024;

    /// <summary>Bytes of a tensor's name: ggml itself keeps 63.</summary>
    public const int NameBytesMax = 255;

    /// <summary>Bytes of one string: the longest in use are chat templates of some 10 KB.</summary>
    public const int StringBytesMax = 16 * 1024 * 1024;

    /// <summary>Bytes of the whole header: a vocabulary of 262,144 tokens takes about 16 MB.</summary>
    public const int HeaderBytesMax = 256 * 1024 * 1024;

    /// <summary>Dimensions of a tensor.</summary>
    public const int DimensionsMax = 4;

    /// <summary>Length of one dimension, 2^40.</summary>
    public const long DimensionMax = 1L << 40;

    /// <summary>Elements of one tensor, 2^48.</summary>
    public const long ElementsMax = 1L << 48;

    /// <summary>The alignment of tensors, a power of two up to this.</summary>
    public const int AlignmentMax = 65_536;

    /// <summary>Alignment of a file that does not name one.</summary>
    public const int AlignmentDefault = 32;

    /// <summary>Parts of a split model: the name has five digits, nobody uses more than three.</summary>
    public const int PartsMax = 1_024;

    /// <summary>Tokens of a vocabulary, four times the largest in use.</summary>
    public const int VocabularyMax = 1_048_576;

    /// <summary>Bytes of a token's text, eight times the longest in use: looking for it takes as many steps.</summary>
    public const int TokenBytesMax = 8_192;

    /// <summary>Blocks of a model, eight times the deepest in use.</summary>
    public const int BlocksMax = 1_024;

    /// <summary>Experts of one block: eight times the most in use.</summary>
    public const int ExpertsMax = 4_096;

    /// <summary>Inputs that a convolution sees: real models have 4.</summary>
    public const int TapsMax = 64;

    /// <summary>A side of a recurrent head's matrix: eight times the largest in use.</summary>
    public const int StateMax = 1_024;

    /// <summary>Width, heads, feed-forward size and their like: sixteen times the largest in use.</summary>
    public const int WidthMax = 1 << 20;

    /// <summary>Positions of a context: sixteen times the longest in use.</summary>
    public const int ContextMax = 1 << 28;
}
