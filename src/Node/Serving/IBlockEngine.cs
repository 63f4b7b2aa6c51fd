using Swarm.Inference.Model;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>The blocks a node holds, ready to compute: a model's span in life, exact toys in simulations.</summary>
public interface IBlockEngine
{
    /// <summary>The blocks held.</summary>
    BlockRange Blocks { get; }

    /// <summary>The blocks of the whole model.</summary>
    int BlockCount { get; }

    /// <summary>Whether a session may use just these of the blocks held: the model may be cut at both ends.</summary>
    bool MayUse(BlockRange blocks) => Blocks.Contains(blocks);

    /// <summary>The floats of one hidden state.</summary>
    int Width { get; }

    /// <summary>How many token ids the model knows.</summary>
    int VocabularySize { get; }

    /// <summary>The longest sequence the model takes.</summary>
    int ContextLength { get; }

    /// <summary>The bytes that the cache of a session takes.</summary>
    long KvBytes(BlockRange blocks, int positions, KvType type);

    /// <summary>Takes the memory for a session.</summary>
    IBlockCache NewCache(BlockRange blocks, int positions, KvType type);

    /// <summary>Computes a batch: at most one slice per cache.</summary>
    /// <exception cref="ArithmeticException">A value left the finite numbers.</exception>
    void Run(ReadOnlySpan<BlockSlice> batch);

    /// <summary>Draws a token for each of several sessions, or says in it why there is none.</summary>
    void Draw(ReadOnlySpan<TokenDraw> batch);
}
