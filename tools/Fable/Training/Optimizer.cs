using System.Collections.Concurrent;
using System.Runtime.Intrinsics;

namespace Swarm.Fable.Training;

/// <summary>
/// Muon for the matrices of blocks: a step along the gradient's running sum with all its singular values made alike, so
/// that rare directions (to look where a name was said) grow as fast as common ones. Embedding and norms take AdamW.
/// </summary>
public sealed unsafe class Optimizer
{
    private const float Momentum = 0.95f;
    private const float FirstDecay = 0.9f;
    private const float SecondDecay = 0.98f;
    private const float Epsilon = 1e-8f;
    private const float WeightDecay = 0.05f;

    // An orthogonal step is as large, element by element, as one of AdamW at this share of the rate.
    private const float MatrixShare = 0.4f;

    private const int Iterations = 5;

    private readonly NetworkShape _shape;
    private readonly ConcurrentBag<Workspace> _workspaces = [];

    /// <summary>An optimizer that has seen nothing.</summary>
    public Optimizer(NetworkShape shape)
    {
        _shape = shape;
        First = Buffers.Allocate(shape.Count);
        Second = Buffers.Allocate(shape.Count);
    }

    /// <summary>The running mean of gradients; of matrices in blocks, their running sum.</summary>
    public float* First { get; }

    /// <summary>The running mean of squared gradients; not used for matrices in blocks.</summary>
    public float* Second { get; }

    /// <summary>What one thread needs to make a step orthogonal.</summary>
    private sealed class Workspace(int size)
    {
        public readonly Gemm Gemm = new();
        public readonly float* X = Buffers.Allocate(size);
        public readonly float* Product = Buffers.Allocate(size);
        public readonly float* Square = Buffers.Allocate(size);
        public readonly float* Next = Buffers.Allocate(size);
    }

    /// <summary>One step, the first being number 1, with gradients scaled by a factor.</summary>
    public void Step(float* parameters, float* gradients, int step, float rate, float factor, int threads)
        => Parallel.ForEach(_shape.Tensors(), new ParallelOptions { MaxDegreeOfParallelism = threads }, tensor =>
        {
            if (tensor.Rows > 1 && tensor.Offset != _shape.Embedding)
            {
                StepMatrix(parameters + tensor.Offset, gradients + tensor.Offset, tensor.Offset, tensor.Rows, tensor.Columns, rate);
            }
            else
            {
                StepAdam(parameters, gradients, tensor.Offset, tensor.Rows * tensor.Columns, step, rate, factor);
            }
        });

    private void StepAdam(float* parameters, float* gradients, int offset, int count, int step, float rate, float factor)
    {
        float firstBias = 1 / (1 - MathF.Pow(FirstDecay, step));
        float secondBias = 1 / (1 - MathF.Pow(SecondDecay, step));
        float keep = offset == _shape.Embedding ? 1 - (rate * WeightDecay) : 1;
        for (int i = offset; i < offset + count; i += 16)
        {
            Vector512<float> slope = Vector512.Load(gradients + i) * factor;
            Vector512<float> first = (Vector512.Load(First + i) * FirstDecay) + (slope * (1 - FirstDecay));
            Vector512<float> second = (Vector512.Load(Second + i) * SecondDecay) + (slope * slope * (1 - SecondDecay));
            first.Store(First + i);
            second.Store(Second + i);
            Vector512<float> size = Vector512.Sqrt(second * secondBias) + Vector512.Create(Epsilon);
            ((Vector512.Load(parameters + i) * keep) - (first * (firstBias * rate) / size)).Store(parameters + i);
        }
    }

    private void StepMatrix(float* weights, float* gradients, int offset, int rows, int columns, float rate)
    {
        int count = rows * columns;
        if (!_workspaces.TryTake(out Workspace? work))
        {
            work = new Workspace(Math.Max(_shape.Width, _shape.Inner) * Math.Max(_shape.Width, _shape.Inner));
        }

        float* sum = First + offset;
        float* x = work.X;
        for (int i = 0; i < count; i += 16)
        {
            var slope = Vector512.Load(gradients + i);
            Vector512<float> running = (Vector512.Load(sum + i) * Momentum) + slope;
            running.Store(sum + i);
            (slope + (running * Momentum)).Store(x + i);
        }

        Orthogonalize(work, rows, columns);
        float stride = rate * MatrixShare * MathF.Sqrt(Math.Max(rows, columns));
        float keep = 1 - (rate * WeightDecay);
        for (int i = 0; i < count; i += 16)
        {
            ((Vector512.Load(weights + i) * keep) - (Vector512.Load(x + i) * stride)).Store(weights + i);
        }

        _workspaces.Add(work);
    }

    /// <summary>Brings all singular values of X near 1: Newton-Schulz with the quintic of Keller Jordan's Muon.</summary>
    private static void Orthogonalize(Workspace work, int rows, int columns)
    {
        float* x = work.X;
        int count = rows * columns;
        Vector512<float> squares = default;
        for (int i = 0; i < count; i += 16)
        {
            squares += Vector512.Load(x + i) * Vector512.Load(x + i);
        }

        Layers.Scale(x, 1 / (MathF.Sqrt(Layers.Sum(squares)) + 1e-12f), count);
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            var matrix = new Matrix(x, columns);
            var product = new Matrix(work.Product, rows);
            work.Gemm.Multiply(rows, rows, columns, matrix, matrix.Transposed, work.Product, rows, keep: false);
            work.Gemm.Multiply(rows, rows, rows, product, product, work.Square, rows, keep: false);
            for (int i = 0; i < rows * rows; i += 16)
            {
                ((Vector512.Load(work.Square + i) * 2.0315f) - (Vector512.Load(work.Product + i) * 4.7750f)).Store(work.Square + i);
            }

            work.Gemm.Multiply(rows, columns, rows, new(work.Square, rows), matrix, work.Next, columns, keep: false);
            for (int i = 0; i < count; i += 16)
            {
                ((Vector512.Load(x + i) * 3.4445f) + Vector512.Load(work.Next + i)).Store(x + i);
            }
        }
    }
}
