using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// Every buffer a batch of columns needs on its way through the blocks, allocated once and used again.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    private readonly NativeBuffer _hidden;
    private readonly NativeBuffer _qkv;
    private readonly NativeBuffer _gate;
    private readonly NativeBuffer _up;
    private readonly NativeBuffer _result;
    private readonly NativeBuffer _angles;

    public Workspace(ModelConfig config, IReadOnlyList<LayerSpec> layers, int columns, int anglesLength, Isa limit)
    {
        Columns = columns;
        Width = config.Width;
        AnglesLength = anglesLength;
        QkvWidth = layers.Max(layer => (layer.HeadCount * layer.KeySize)
            + (layer.KvHeadCount * (layer.KeySize + layer.ValueSize)));
        InnerWidth = layers.Max(layer => layer.FeedForwardSize);
        int mixed = layers.Max(layer => layer.HeadCount * layer.ValueSize);

        _hidden = NativeBuffer.OfFloats((long)columns * Width);
        _qkv = NativeBuffer.OfFloats((long)columns * QkvWidth);
        _gate = NativeBuffer.OfFloats((long)columns * InnerWidth);
        _up = NativeBuffer.OfFloats((long)columns * InnerWidth);
        _result = NativeBuffer.OfFloats((long)columns * Width);
        _angles = NativeBuffer.OfFloats((long)columns * anglesLength);
        Input = new Activations(columns, Math.Max(Math.Max(Width, InnerWidth), mixed), limit);
    }

    /// <summary>Columns there is room for.</summary>
    public int Columns { get; }

    /// <summary>Values of one hidden state.</summary>
    public int Width { get; }

    /// <summary>Room for one column's queries, keys and values.</summary>
    public int QkvWidth { get; }

    /// <summary>Room for one column between the halves of the feed-forward part.</summary>
    public int InnerWidth { get; }

    /// <summary>Floats of one column's rotary table.</summary>
    public int AnglesLength { get; }

    /// <summary>What the next product reads.</summary>
    public Activations Input { get; }

    public float* Qkv => _qkv.Floats;

    public float* Gate => _gate.Floats;

    public float* Up => _up.Floats;

    public float* Result => _result.Floats;

    /// <summary>The hidden state of a column: what flows from block to block.</summary>
    public float* Hidden(int column) => _hidden.Floats + ((long)column * Width);

    /// <summary>The rotary table of a column's position.</summary>
    public float* Angles(int column) => _angles.Floats + ((long)column * AnglesLength);

    public void Dispose()
    {
        _hidden.Dispose();
        _qkv.Dispose();
        _gate.Dispose();
        _up.Dispose();
        _result.Dispose();
        _angles.Dispose();
        Input.Dispose();
    }
}
