namespace Swarm.Inference.Model;

/// <summary>A model's blueprint: every size is checked against the tensors before anyone sees it.</summary>
public sealed record ModelConfig
{
    /// <summary>The block's design: <c>llama</c>, <c>gpt2</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>What the file calls the model, or its architecture when it has no name.</summary>
    public required string Name { get; init; }

    /// <summary>How many blocks it has.</summary>
    public int BlockCount => Layers.Count;

    /// <summary>Values of one hidden state.</summary>
    public required int Width { get; init; }

    /// <summary>How many tokens have an embedding and a logit.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Positions the model was made for; a hard limit where positions are learned.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Whether <see cref="ContextLength"/> is a hard limit: position embeddings end there.</summary>
    public required bool HasPositionEmbedding { get; init; }

    /// <summary>Which norm stands before attention, before feed-forward and before the head.</summary>
    public required NormKind Norm { get; init; }

    /// <summary>What keeps a norm away from a division by zero.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Whether the head uses the token embedding, for want of a matrix of its own.</summary>
    public required bool TiedOutput { get; init; }

    /// <summary>One description per block.</summary>
    public required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>All blocks.</summary>
    public BlockRange AllBlocks => new(0, BlockCount);

    /// <summary>Heads that ask, in the first block.</summary>
    public int HeadCount => Layers[0].HeadCount;

    /// <summary>Heads that hold keys and values, in the first block.</summary>
    public int KvHeadCount => Layers[0].KvHeadCount;

    /// <summary>Values of one query or key, in the first block.</summary>
    public int HeadSize => Layers[0].KeySize;
}
