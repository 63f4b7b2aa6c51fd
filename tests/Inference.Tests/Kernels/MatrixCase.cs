using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>A matrix and columns of a given seed, multiplied on any rung.</summary>
internal sealed class MatrixCase
{
    private readonly GgmlType _type;
    private readonly int _rows;
    private readonly int _width;
    private readonly int _columns;

    public MatrixCase(GgmlType type, int rows, int width, int columns, int seed)
    {
        (_type, _rows, _width, _columns) = (type, rows, width, columns);
        var random = new Random(seed);
        float[] weights = Numbers(random, rows * width);
        Inputs = Numbers(random, columns * width);
        Stored = new byte[type.BytesOf(weights.Length)];

        if (GgmlTypes.Encodable.Contains(type))
        {
            GgmlCodec.Quantize(type, weights, Stored);
        }
        else
        {
            FillWithFiniteBlocks(new Random(seed));
        }

        if (seed % 2 == 0)
        {
            PutExtremes(new Random(seed));
        }

        Weights = new float[weights.Length];
        GgmlCodec.Dequantize(type, Stored, Weights);
    }

    /// <summary>The matrix as a file has it.</summary>
    public byte[] Stored { get; }

    /// <summary>The matrix as numbers.</summary>
    public float[] Weights { get; }

    /// <summary>The columns.</summary>
    public float[] Inputs { get; }

    /// <summary>Whether products of this type round the activations to bytes.</summary>
    public static bool IsQuantized(GgmlType type)
    {
        using var matrix = new PackedMatrix(type, 1, type.ElementsPerBlock, Isa.Scalar);
        return matrix.UnitLength != 0;
    }

    /// <summary>Packs the matrix for a rung.</summary>
    public PackedMatrix Pack(Isa limit)
    {
        var matrix = new PackedMatrix(_type, _rows, _width, limit);
        int groupBytes = (int)_type.BytesOf(_width) * RowGroup.Rows;

        for (int group = 0; group < matrix.Groups; group++)
        {
            int first = group * groupBytes;
            matrix.Fill(group, Stored.AsSpan(first, Math.Min(groupBytes, Stored.Length - first)));
        }

        return matrix;
    }

    /// <summary>The products, column after column.</summary>
    public unsafe float[] Multiply(Isa limit, int threads = 1)
    {
        using var pool = new ComputePool(threads, limit);
        using var projection = new Projection(Pack(limit), null);
        using var input = new Activations(_columns, _width, limit);
        input.Begin(_columns, _width);
        Inputs.CopyTo(new Span<float>(input.Floats, Inputs.Length));
        float[] output = new float[_columns * _rows];

        fixed (float* target = output)
        {
            new MatMul(pool).Multiply(projection, input, target, _rows);
        }

        return output;
    }

    /// <summary>Numbers of very different sizes.</summary>
    public static float[] Numbers(Random random, int count)
    {
        float[] numbers = new float[count];

        for (int i = 0; i < count; i++)
        {
            numbers[i] = (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 2)));
        }

        return numbers;
    }

    private void FillWithFiniteBlocks(Random random)
    {
        float[] values = new float[_type.ElementsPerBlock];

        for (int at = 0; at < Stored.Length; at += _type.BytesPerBlock)
        {
            Span<byte> block = Stored.AsSpan(at, _type.BytesPerBlock);

            do
            {
                random.NextBytes(block);
                GgmlCodec.Dequantize(_type, block, values);
            }
            while (!values.All(value => Math.Abs(value) < 1e6f));
        }
    }

    // Blocks of the largest magnitudes, where a narrow sum would overflow: no encoder writes them, a file may.
    private void PutExtremes(Random random)
    {
        (int first, int last) = _type switch
        {
            GgmlType.Q8_0 or GgmlType.Q4_0 => (2, _type.BytesPerBlock),
            GgmlType.Q4_1 or GgmlType.Q5_1 => (4, _type.BytesPerBlock),
            GgmlType.Q5_0 or GgmlType.IQ4_NL => (2, _type.BytesPerBlock),
            GgmlType.Q4_K or GgmlType.Q5_K => (16, _type.BytesPerBlock),
            GgmlType.Q6_K => (0, 192),
            GgmlType.Q2_K => (16, 80),
            GgmlType.Q3_K => (0, 96),
            GgmlType.IQ4_XS => (8, _type.BytesPerBlock),
            GgmlType.MXFP4 => (1, _type.BytesPerBlock),
            _ => (0, 0),
        };

        if (last > 0)
        {
            int block = random.Next(Stored.Length / _type.BytesPerBlock) * _type.BytesPerBlock;
            byte[] extremes = [0x00, 0x80, 0xFF];
            Stored.AsSpan(block + first, last - first).Fill(extremes[random.Next(3)]);
            Inputs.AsSpan(0, _width).Fill(random.Next(2) == 0 ? 1000 : -1000);
        }
    }
}
