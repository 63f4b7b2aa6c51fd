using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Fable.Training;

/// <summary>What a block does besides products of matrices, forward and backward, one row at a time.</summary>
public static unsafe class Layers
{
    private const int Lanes = 16;

    /// <summary>y = x / rms(x) · gain; returns 1 / rms(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Norm(float* x, float* gain, float* y, int width)
    {
        Vector512<float> squares = default;
        for (int i = 0; i < width; i += Lanes)
        {
            var value = Vector512.Load(x + i);
            squares = Vector512.FusedMultiplyAdd(value, value, squares);
        }

        float scale = 1 / MathF.Sqrt((Sum(squares) / width) + NetworkShape.NormEpsilon);
        for (int i = 0; i < width; i += Lanes)
        {
            (Vector512.Load(x + i) * scale * Vector512.Load(gain + i)).Store(y + i);
        }

        return scale;
    }

    /// <summary>Adds the gradient that a norm's output dy gives to its input, and to its gain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void NormBack(float* x, float scale, float* gain, float* dy, float* dx, float* dgain, int width)
    {
        Vector512<float> sum = default;
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> unit = Vector512.Load(x + i) * scale;
            var slope = Vector512.Load(dy + i);
            (Vector512.Load(dgain + i) + (unit * slope)).Store(dgain + i);
            sum = Vector512.FusedMultiplyAdd(unit, slope * Vector512.Load(gain + i), sum);
        }

        var mean = Vector512.Create(Sum(sum) / width);
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> unit = Vector512.Load(x + i) * scale;
            Vector512<float> slope = (Vector512.Load(dy + i) * Vector512.Load(gain + i)) - (unit * mean);
            (Vector512.Load(dx + i) + (slope * scale)).Store(dx + i);
        }
    }

    /// <summary>Turns pairs of neighbours by their position's angle; a direction of -1 turns back.</summary>
    public static void Rotate(float* row, float* cosines, float* sines, int heads, int headSize, float direction)
    {
        for (int head = 0; head < heads; head++, row += headSize)
        {
            for (int pair = 0; pair < headSize / 2; pair++)
            {
                float cosine = cosines[pair];
                float sine = sines[pair] * direction;
                float even = row[2 * pair];
                float odd = row[(2 * pair) + 1];
                row[2 * pair] = (even * cosine) - (odd * sine);
                row[(2 * pair) + 1] = (even * sine) + (odd * cosine);
            }
        }
    }

    /// <summary>
    /// Turns scores into probabilities: the first <paramref name="known"/> of them; those after them, up to
    /// <paramref name="width"/> (a multiple of 16), become zero. Returns the logarithm of the sum before it was divided out.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Softmax(float* scores, int known, int width, float scale)
    {
        new Span<float>(scores + known, width - known).Fill(float.NegativeInfinity);
        var largest = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < width; i += Lanes)
        {
            largest = Vector512.Max(largest, Vector512.Load(scores + i));
        }

        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++)
        {
            max = MathF.Max(max, largest[lane]);
        }

        Vector512<float> sums = default;
        for (int i = 0; i < width; i += Lanes)
        {
            var power = Vector512.Exp((Vector512.Load(scores + i) - Vector512.Create(max)) * scale);
            power.Store(scores + i);
            sums += power;
        }

        float sum = Sum(sums);
        Scale(scores, 1 / sum, width);
        return MathF.Log(sum) + (max * scale);
    }

    /// <summary>The gradient of scores from that of their probabilities, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftmaxBack(float* probabilities, float* slopes, int width, float scale)
    {
        Vector512<float> sum = default;
        for (int i = 0; i < width; i += Lanes)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(probabilities + i), Vector512.Load(slopes + i), sum);
        }

        var mean = Vector512.Create(Sum(sum));
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> slope = Vector512.Load(slopes + i) - mean;
            (slope * Vector512.Load(probabilities + i) * scale).Store(slopes + i);
        }
    }

    /// <summary>y = silu(gate) · up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gate(float* gate, float* up, float* y, int width)
    {
        for (int i = 0; i < width; i += Lanes)
        {
            var value = Vector512.Load(gate + i);
            (value * Sigmoid(value) * Vector512.Load(up + i)).Store(y + i);
        }
    }

    /// <summary>Replaces gate and up by their gradients.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GateBack(float* gate, float* up, float* dy, int width)
    {
        for (int i = 0; i < width; i += Lanes)
        {
            var value = Vector512.Load(gate + i);
            Vector512<float> sigmoid = Sigmoid(value);
            var slope = Vector512.Load(dy + i);
            Vector512<float> bend = sigmoid * (Vector512<float>.One + (value * (Vector512<float>.One - sigmoid)));
            (slope * Vector512.Load(up + i) * bend).Store(gate + i);
            (slope * value * sigmoid).Store(up + i);
        }
    }

    /// <summary>y += x.</summary>
    public static void Add(float* x, float* y, long count)
    {
        for (long i = 0; i < count; i += Lanes)
        {
            (Vector512.Load(x + i) + Vector512.Load(y + i)).Store(y + i);
        }
    }

    /// <summary>x *= factor.</summary>
    public static void Scale(float* x, float factor, long count)
    {
        for (long i = 0; i < count; i += Lanes)
        {
            (Vector512.Load(x + i) * factor).Store(x + i);
        }
    }

    /// <summary>The sum of all lanes, halves on halves: an order that no compiler's choice changes.</summary>
    public static float Sum(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return four[0] + four[2] + (four[1] + four[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sigmoid(Vector512<float> x)
        => Vector512<float>.One / (Vector512<float>.One + Vector512.Exp(-x));
}
