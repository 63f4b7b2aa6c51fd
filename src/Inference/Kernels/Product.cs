using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>
/// What one matrix product reads and writes; a kernel computes a range of its groups of sixteen rows.
/// </summary>
internal unsafe struct Product
{
    /// <summary>The packed weights.</summary>
    public byte* Tiles;

    /// <summary>How the weights are stored.</summary>
    public GgmlType Type;

    /// <summary>Rows of the matrix: outputs of each column.</summary>
    public int Rows;

    /// <summary>Values of one row: inputs of each column.</summary>
    public int Width;

    /// <summary>How many columns of activations there are.</summary>
    public int Columns;

    /// <summary>Activations as floats, column after column; read by float weights.</summary>
    public float* Floats;

    /// <summary>Activations as <see cref="QuantizedColumns"/>; read by quantized weights.</summary>
    public byte* Quants;

    /// <summary>Where the first column's results go.</summary>
    public float* Output;

    /// <summary>Floats between one column's results and the next one's.</summary>
    public int OutputStride;
}
