using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>Makes the tokenizer that a model file describes.</summary>
public static class Tokenizer
{
    private const string ModelKey = "tokenizer.ggml.model";

    /// <summary>The tokenizer of a model; what is wrong with it is said with the file's name.</summary>
    /// <exception cref="GgufException">A part of the vocabulary is missing or does not fit the others.</exception>
    /// <exception cref="UnsupportedModelException">The tokenizer is of a kind this program does not know.</exception>
    public static ITokenizer Create(ModelFile model)
    {
        try
        {
            return Create(model.Metadata);
        }
        catch (GgufException refusal)
        {
            refusal.Path = model.Path;
            throw;
        }
    }

    /// <summary>The tokenizer that metadata describe.</summary>
    /// <exception cref="GgufException">A part of the vocabulary is missing or does not fit the others.</exception>
    /// <exception cref="UnsupportedModelException">The tokenizer is of a kind this program does not know.</exception>
    public static ITokenizer Create(GgufMetadata metadata) => metadata.Text(ModelKey) switch
    {
        "llama" => new SpmTokenizer(metadata),
        "gpt2" => new BpeTokenizer(metadata),
        "gemma4" => new SpacedBpeTokenizer(metadata),
        "bert" => new WordPieceTokenizer(metadata),
        "t5" => new UnigramTokenizer(metadata),
        null => throw new GgufException(ModelKey, "the file holds no tokenizer; convert the model again."),
        string other => throw new UnsupportedModelException(
            ModelKey, $"tokenizers of kind '{other}' are not supported; supported are llama, gpt2, gemma4, bert, t5."),
    };
}
