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

    /// <summary>What the norm before the head is called.</summary>
    public string OutputNorm { get; init; } = "output_norm";

    /// <summary>What token embeddings are multiplied by.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>What logits are divided by.</summary>
    public float LogitDivisor { get; init; } = 1;

    /// <summary>Logits l become c · tanh(l / c); 0 for logits as they are.</summary>
    public float LogitSoftcap { get; init; }

    /// <summary>One description per block.</summary>
    public required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>All blocks.</summary>
    public BlockRange AllBlocks => new(0, BlockCount);

    /// <summary>Heads that ask, in the first block that has some.</summary>
    public int HeadCount => FirstWithHeads.HeadCount;

    /// <summary>Heads that hold keys and values, in the first block that has some.</summary>
    public int KvHeadCount => FirstWithHeads.KvHeadCount;

    /// <summary>Values of one query or key, in the first block that has some.</summary>
    public int HeadSize => FirstWithHeads.KeySize;

    /// <summary>Whether every stage needs the token ids, not the first alone.</summary>
    public bool NeedsTokensEverywhere => Layers[0].TokenInputSize > 0;

    /// <summary>Whether some block's state is not kept by position, so that it goes back only to snapshots.</summary>
    public bool IsRecurrent => Layers.Any(layer => layer.Recurrence is not null);

    private LayerSpec FirstWithHeads => Layers.FirstOrDefault(layer => layer.KvHeadCount > 0) ?? Layers[0];

    /// <summary>
    /// Whether the model may be cut before <paramref name="block"/>: not between a block and those that read its keys
    /// and values, for these never leave a node.
    /// </summary>
    public bool MayCutBefore(int block)
        => !Enumerable.Range(0, BlockCount).Any(reader => reader >= block && Layers[reader].KvSource < block);

    /// <summary>
    /// Whether a node may hold <paramref name="blocks"/>: both ends are places where the model may be cut.
    /// </summary>
    public bool MayHold(BlockRange blocks)
        => AllBlocks.Contains(blocks) && MayCutBefore(blocks.First) && MayCutBefore(blocks.Last);
}
