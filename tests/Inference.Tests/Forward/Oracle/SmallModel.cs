using System.Globalization;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>One small model: its metadata, and tensors that it has beside those it must have.</summary>
/// <param name="Name">The architecture, and after a space what is special.</param>
/// <param name="Keys">Metadata without the architecture's prefix; a later entry replaces an earlier one.</param>
/// <param name="Extras">Tensors as <c>name:dimensions</c>.</param>
internal sealed record SmallModel(string Name, (string Key, object Value)[] Keys, string[] Extras)
{
    private string Architecture => Name.Split(' ')[0];

    /// <summary>Writes the file.</summary>
    public void Write(string path, GgmlType type, int vocabulary, int width)
    {
        List<(string Name, long[] Dimensions)> given =
        [
            ("token_embd.weight", [width, vocabulary]),
            .. Extras.Select(extra => (extra.Split(':')[0], Dimensions(extra))),
        ];
        GgufWriter sketch = Start();
        given.ForEach(tensor => sketch.AddTensor(tensor.Name, GgmlType.F32, tensor.Dimensions, _ => { }));

        using var file = GgufFile.FromHeader(sketch.Header());
        var architecture = Swarm.Inference.Model.Architecture.Of(file.Metadata);
        ModelConfig config = architecture.Read(new HyperParameters(file, architecture.Name));
        IEnumerable<(string, long[])> needed = ModelTensors.Of(config)
            .Where(slot => !slot.Optional)
            .Select(slot => (slot.Name, slot.Dimensions.ToArray()));

        GgufWriter writer = Start();

        foreach ((string tensor, long[] dimensions) in given.Concat(needed).DistinctBy(tensor => tensor.Item1))
        {
            bool quantized = dimensions.Length > 1 && dimensions[0] % type.ElementsPerBlock == 0
                && tensor.EndsWith(".weight", StringComparison.Ordinal);
            GgmlType stored = quantized ? type : GgmlType.F32;
            float[] values = Values(tensor, dimensions);
            byte[] bytes = new byte[stored.BytesOf(values.Length)];
            GgmlCodec.Quantize(stored, values, bytes);
            writer.AddTensor(tensor, stored, dimensions, bytes);
        }

        writer.Write(path);
    }

    private static long[] Dimensions(string extra)
        => [.. extra.Split(':')[1].Split('x').Select(length => long.Parse(length, CultureInfo.InvariantCulture))];

    private GgufWriter Start()
    {
        var writer = new GgufWriter();
        writer.Add("general.architecture", Architecture);

        foreach ((string key, object value) in Keys.Reverse().DistinctBy(entry => entry.Key))
        {
            string full = $"{Architecture}.{key}";

            switch (value)
            {
                case int number:
                    writer.Add(full, (uint)number);
                    break;
                case float number:
                    writer.Add(full, number);
                    break;
                case bool flag:
                    writer.Add(full, flag);
                    break;
                case int[] numbers:
                    writer.Add(full, numbers);
                    break;
                case bool[] flags:
                    writer.Add(full, flags);
                    break;
                default:
                    writer.Add(full, (string)value);
                    break;
            }
        }

        return writer;
    }

    // Norms near 1, biases that are seen, matrices that keep sums near 1; what divides or fades is above 0 or below.
    private float[] Values(string tensor, long[] dimensions)
    {
        // The sum of a name's letters: the same in every process, unlike its hash.
        var random = new Random(tensor.Sum(letter => letter) + Name.Length);
        float[] values = new float[dimensions.Aggregate(1L, (product, length) => product * length)];
        bool scales = Array.Exists(["norm", "scale", "rope"], part => tensor.Contains(part, StringComparison.Ordinal));

        for (int i = 0; i < values.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            double gauss = radius * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(tensor.EndsWith("ssm_a", StringComparison.Ordinal) ? -random.NextDouble()
                : scales ? 1 + (0.2 * Math.Clamp(gauss, -3, 3))
                : dimensions.Length == 1 || tensor.EndsWith(".bias", StringComparison.Ordinal) ? 0.3 * gauss
                : gauss * 1.5 / Math.Sqrt(dimensions[0]));
        }

        return values;
    }
}
