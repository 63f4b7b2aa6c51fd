using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>A file's tensors as doubles, and the little arithmetic that everything is made of.</summary>
internal sealed class Tensors(ModelFile file)
{
    private readonly Dictionary<string, double[]> _values = [];

    /// <summary>Whether the file holds a tensor.</summary>
    public bool Has(string name) => file.Find(name) is not null;

    /// <summary>A tensor's values in the file's order.</summary>
    public double[] Of(string name)
    {
        if (!_values.TryGetValue(name, out double[]? values))
        {
            GgufTensor tensor = file.Require(name);
            byte[] stored = new byte[tensor.Bytes];
            float[] floats = new float[tensor.Elements];
            file.Read(tensor, 0, stored);
            GgmlCodec.Dequantize(tensor.Type, stored, floats);
            _values.Add(name, values = [.. floats.Select(value => (double)value)]);
        }

        return values;
    }

    /// <summary>Row <paramref name="row"/> of a matrix.</summary>
    public double[] Row(string name, int row)
    {
        int length = (int)file.Require(name).RowLength;
        return Of(name)[(row * length)..((row + 1) * length)];
    }

    /// <summary>
    /// <c>matrix · x</c>, and its bias where there is one; of a tensor of several matrices the one at index.
    /// </summary>
    public double[] Times(string name, double[] x, int index = 0, int count = 1)
    {
        double[] weights = Of(name + ".weight");
        int rows = weights.Length / x.Length / count;
        double[]? bias = Has(name + ".bias") ? Of(name + ".bias") : null;
        double[] result = new double[rows];

        for (int row = 0; row < rows; row++)
        {
            int at = ((index * rows) + row) * x.Length;
            double sum = bias is null ? 0 : bias[(index * rows) + row];

            for (int i = 0; i < x.Length; i++)
            {
                sum += weights[at + i] * x[i];
            }

            result[row] = sum;
        }

        return result;
    }

    /// <summary>A root-mean-square norm, or with a bias a layer norm.</summary>
    public double[] Norm(string name, double[] x, double epsilon)
    {
        double[] weight = Of(name + ".weight");

        if (!Has(name + ".bias"))
        {
            return [.. Unit(x, epsilon).Zip(weight, (value, factor) => value * factor)];
        }

        double mean = x.Average();
        double deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + epsilon);
        double[] bias = Of(name + ".bias");
        return [.. x.Select((value, i) => ((value - mean) / deviation * weight[i]) + bias[i])];
    }

    /// <summary>Each head of a row through a norm of one head.</summary>
    public double[] HeadNorms(string name, double[] heads, int size, double epsilon)
        => [.. heads.Chunk(size).SelectMany(head => Norm(name, head, epsilon))];

    /// <summary>A row of root mean square 1.</summary>
    public static double[] Unit(double[] x, double epsilon)
    {
        double root = Math.Sqrt(x.Average(value => value * value) + epsilon);
        return [.. x.Select(value => value / root)];
    }

    public static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a + b)];

    public static double[] Scaled(double[] x, double factor) => [.. x.Select(value => value * factor)];

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    public static double Silu(double x) => x * Sigmoid(x);

    public static double Gelu(double x)
        => x / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    public static double[] Softmax(IReadOnlyList<double> x)
    {
        double[] powers = [.. x.Select(value => Math.Exp(value - x.Max()))];
        return Scaled(powers, 1 / powers.Sum());
    }
}
