using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>Recurrent blocks over a whole text, from its beginning.</summary>
internal static class Recurring
{
    /// <summary>A short convolution between two gates.</summary>
    public static double[][] Convolution(Tensors tensors, string name, RecurrenceSpec spec, double[][] inputs)
    {
        int width = spec.Channels;
        double[][] rows = [.. inputs.Select(x => tensors.Times(name + "shortconv.in_proj", x))];
        double[][] gated = [.. rows.Select(row => row[..width].Zip(row[(2 * width)..], (b, x) => b * x).ToArray())];
        double[][] sums = Convolved(tensors.Of(name + "shortconv.conv.weight"), spec.Taps, gated);
        return
        [
            .. sums.Select((sum, i) => tensors.Times(
                name + "shortconv.out_proj", [.. sum.Zip(rows[i][width..(2 * width)], (y, c) => y * c)])),
        ];
    }

    /// <summary>The gated delta rule.</summary>
    public static double[][] DeltaNet(
        Tensors tensors, string name, RecurrenceSpec spec, double[][] inputs, double epsilon)
    {
        double[][] mixed = [.. inputs.Select(x => tensors.Times(name + "attn_qkv", x))];
        double[][] rows = Convolved(tensors.Of(name + "ssm_conv1d.weight"), spec.Taps, mixed);
        int keys = spec.KeyHeads * spec.KeySize;
        double[][,] states =
            [.. Enumerable.Range(0, spec.ValueHeads).Select(_ => new double[spec.KeySize, spec.ValueSize])];
        double[][] results = new double[inputs.Length][];

        for (int position = 0; position < inputs.Length; position++)
        {
            double[] x = inputs[position];
            double[] row = [.. rows[position].Select(Tensors.Silu)];
            double[] gate = tensors.Times(name + "attn_gate", x);
            double[] rates = [.. tensors.Times(name + "ssm_beta", x).Select(Tensors.Sigmoid)];
            double[] steps = tensors.Times(name + "ssm_alpha", x);
            var answers = new List<double>();

            for (int head = 0; head < spec.ValueHeads; head++)
            {
                int from = head % spec.KeyHeads * spec.KeySize;
                double[] query = Length1(row[from..(from + spec.KeySize)], epsilon);
                double[] key = Length1(row[(keys + from)..(keys + from + spec.KeySize)], epsilon);
                int at = (2 * keys) + (head * spec.ValueSize);
                double[] value = row[at..(at + spec.ValueSize)];
                double step = Math.Log(1 + Math.Exp(steps[head] + tensors.Of(name + "ssm_dt.bias")[head]));
                double decay = Math.Exp(tensors.Of(name + "ssm_a")[head] * step);
                double[] answer = Step(states[head], query, key, value, decay, rates[head]);
                answers.AddRange(tensors.Norm(name + "ssm_norm", answer, epsilon));
            }

            results[position] = tensors.Times(
                name + "ssm_out", [.. answers.Zip(gate, (answer, z) => answer * Tensors.Silu(z))]);
        }

        return results;
    }

    private static double[] Step(
        double[,] state, double[] query, double[] key, double[] value, double decay, double rate)
    {
        double[] answer = new double[value.Length];

        for (int column = 0; column < value.Length; column++)
        {
            double known = 0;

            for (int i = 0; i < key.Length; i++)
            {
                state[i, column] *= decay;
                known += state[i, column] * key[i];
            }

            for (int i = 0; i < key.Length; i++)
            {
                state[i, column] += key[i] * rate * (value[column] - known);
                answer[column] += state[i, column] * query[i] / Math.Sqrt(key.Length);
            }
        }

        return answer;
    }

    private static double[] Length1(double[] x, double epsilon)
        => Tensors.Scaled(x, 1 / Math.Max(Math.Sqrt(x.Sum(value => value * value)), epsilon));

    // Weight j of a channel belongs to the input taps - 1 - j positions back.
    private static double[][] Convolved(double[] weights, int taps, double[][] inputs) =>
    [
        .. Enumerable.Range(0, inputs.Length).Select(position => Enumerable.Range(0, inputs[0].Length)
            .Select(channel => Enumerable.Range(0, taps)
                .Where(tap => position - (taps - 1) + tap >= 0)
                .Sum(tap => weights[(channel * taps) + tap] * inputs[position - (taps - 1) + tap][channel]))
            .ToArray()),
    ];
}
