using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// Every buffer a batch of columns needs on its way through the blocks, allocated once and used again.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    private readonly List<NativeBuffer> _memory = [];
    private readonly float* _hidden;
    private readonly float* _angles;
    private readonly float* _tokenInputs;

    public Workspace(ModelConfig config, IReadOnlyList<LayerSpec> layers, int columns, int anglesLength, Isa limit)
    {
        Columns = columns;
        Width = config.Width;
        NormEpsilon = config.NormEpsilon;
        AnglesLength = anglesLength;
        QkvWidth = layers.Max(layer => layer.MixedWidth);
        int inner = layers.Max(layer => Math.Max(layer.FeedForwardSize, layer.Experts?.Size ?? 0));
        AsideWidth = layers.Max(layer => layer.AsideWidth);
        int gathered = layers.Max(layer => layer.GatheredWidth(Width));
        int mixed = layers.Max(layer => layer.SeenWidth);
        bool hasExperts = layers.Any(layer => layer.Experts is not null);
        InnerWidth = Math.Max(2 * inner, layers.Max(layer => layer.TokenInputSize));
        TokenInputsWidth = layers.Sum(layer => layer.TokenInputSize);
        LogitsWidth = 2 * layers.Max(layer => layer.Experts?.Count ?? 0);

        _hidden = Floats(Width);
        _angles = Floats(anglesLength);
        Qkv = Floats(QkvWidth);
        Inner = Floats(InnerWidth);
        Aside = Floats(AsideWidth);
        Result = Floats(Width);
        Logits = Floats(LogitsWidth);
        Mixture = Floats(hasExperts ? Width : 0);
        _tokenInputs = Floats(TokenInputsWidth);
        Input = new Activations(columns, Math.Max(Math.Max(Width, InnerWidth), mixed), limit);
        Gathered = new Activations(columns, gathered, limit);
    }

    /// <summary>Columns there is room for.</summary>
    public int Columns { get; }

    /// <summary>What keeps a norm away from a division by zero.</summary>
    public float NormEpsilon { get; }

    /// <summary>Values of one hidden state.</summary>
    public int Width { get; }

    /// <summary>Room for what the mixing part of one column makes of its input: queries, keys, values.</summary>
    public int QkvWidth { get; }

    /// <summary>Room for what one column needs before or after it is mixed.</summary>
    public int AsideWidth { get; }

    /// <summary>
    /// Room for one column between the halves of the feed-forward part: the gate, and what it multiplies.
    /// </summary>
    public int InnerWidth { get; }

    /// <summary>Room for one column's router: a logit to each expert, twice.</summary>
    public int LogitsWidth { get; }

    /// <summary>Room for one column's inputs of the token itself, to every block of the span.</summary>
    public int TokenInputsWidth { get; }

    /// <summary>Floats of one column's rotary tables.</summary>
    public int AnglesLength { get; }

    /// <summary>What the next product reads.</summary>
    public Activations Input { get; }

    /// <summary>What the next product of some of the columns reads.</summary>
    public Activations Gathered { get; }

    public float* Qkv { get; }

    public float* Aside { get; }

    public float* Inner { get; }

    /// <summary>What a part of the block gives, column after column.</summary>
    public float* Result { get; }

    /// <summary>What the routers say, column after column.</summary>
    public float* Logits { get; }

    /// <summary>What the experts give together, column after column.</summary>
    public float* Mixture { get; }

    /// <summary>The hidden state of a column: what flows from block to block.</summary>
    public float* Hidden(int column) => _hidden + ((long)column * Width);

    /// <summary>The rotary tables of a column's position.</summary>
    public float* Angles(int column) => _angles + ((long)column * AnglesLength);

    /// <summary>A column's inputs of the token itself.</summary>
    public float* TokenInputs(int column) => _tokenInputs + ((long)column * TokenInputsWidth);

    public void Dispose()
    {
        _memory.ForEach(buffer => buffer.Dispose());
        Input.Dispose();
        Gathered.Dispose();
    }

    private float* Floats(int each)
    {
        var buffer = NativeBuffer.OfFloats((long)Columns * each);
        _memory.Add(buffer);
        return buffer.Floats;
    }
}
