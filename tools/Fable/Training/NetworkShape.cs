namespace Swarm.Fable.Training;

/// <summary>
/// The sizes of a network of the `llama` kind, and where each tensor lies among its parameters. Sizes are multiples of 16.
/// </summary>
public sealed record NetworkShape(int Vocabulary, int Width, int Heads, int Inner, int Blocks, int Context)
{
    public const float NormEpsilon = 1e-5f;
    public const float RopeBase = 10000f;

    /// <summary>The shape that ships: matrices are multiples of 256, and 8 blocks can be cut in many ways.</summary>
    public static NetworkShape Fable { get; } = new(Vocabulary: 1280, Width: 256, Heads: 8, Inner: 256, Blocks: 8, Context: 512);

    public int HeadSize => Width / Heads;

    public int Embedding => 0;

    private int BlockSize => (2 * Width) + (4 * Width * Width) + (3 * Width * Inner);

    public int FinalNorm => (Vocabulary * Width) + (Blocks * BlockSize);

    /// <summary>How many parameters there are.</summary>
    public int Count => FinalNorm + Width;

    public int AttentionNorm(int block) => (Vocabulary * Width) + (block * BlockSize);

    /// <summary>Query, key and value rows, one after another: [3 × Width, Width].</summary>
    public int Qkv(int block) => AttentionNorm(block) + Width;

    public int Output(int block) => Qkv(block) + (3 * Width * Width);

    public int InnerNorm(int block) => Output(block) + (Width * Width);

    /// <summary>Gate and up rows, one after another: [2 × Inner, Width].</summary>
    public int GateUp(int block) => InnerNorm(block) + Width;

    /// <summary>[Width, Inner].</summary>
    public int Down(int block) => GateUp(block) + (2 * Inner * Width);

    /// <summary>The tensors by their names in a GGUF file: rows × columns, a norm being one row.</summary>
    public IEnumerable<(string Name, int Offset, int Rows, int Columns)> Tensors()
    {
        yield return ("token_embd.weight", Embedding, Vocabulary, Width);
        for (int block = 0; block < Blocks; block++)
        {
            string prefix = $"blk.{block}.";
            yield return (prefix + "attn_norm.weight", AttentionNorm(block), 1, Width);
            yield return (prefix + "attn_q.weight", Qkv(block), Width, Width);
            yield return (prefix + "attn_k.weight", Qkv(block) + (Width * Width), Width, Width);
            yield return (prefix + "attn_v.weight", Qkv(block) + (2 * Width * Width), Width, Width);
            yield return (prefix + "attn_output.weight", Output(block), Width, Width);
            yield return (prefix + "ffn_norm.weight", InnerNorm(block), 1, Width);
            yield return (prefix + "ffn_gate.weight", GateUp(block), Inner, Width);
            yield return (prefix + "ffn_up.weight", GateUp(block) + (Inner * Width), Inner, Width);
            yield return (prefix + "ffn_down.weight", Down(block), Width, Inner);
        }

        yield return ("output_norm.weight", FinalNorm, 1, Width);
    }
}
