using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Turns pairs of a head's elements by angles that grow with the position: pair i by
/// <c>position · scale · base^(-2i / dimensions) / factor_i</c>. Angles are computed in double by our own series and
/// rounded once; <c>(x, y)</c> becomes <c>(fma(x, cos, -(y · sin)), fma(x, sin, y · cos))</c>.
/// </summary>
internal sealed unsafe class Rotary
{
    private readonly double[] _frequencies;
    private readonly RopeKind _kind;

    public Rotary(RopeSpec spec, ReadOnlySpan<float> factors)
    {
        _kind = spec.Kind;
        _frequencies = new double[spec.Dimensions / 2];

        for (int i = 0; i < _frequencies.Length; i++)
        {
            double frequency = DoubleMath.Power(spec.FrequencyBase, -2.0 * i / spec.Dimensions) * spec.FrequencyScale;
            _frequencies[i] = factors.IsEmpty ? frequency : frequency / factors[i];
        }
    }

    /// <summary>Floats of one position's table: a cosine and a sine to each pair.</summary>
    public int TableLength => 2 * _frequencies.Length;

    /// <summary>Fills the table of one position.</summary>
    public void Fill(int position, float* table)
    {
        for (int i = 0; i < _frequencies.Length; i++)
        {
            (double sin, double cos) = DoubleMath.SinCos(position * _frequencies[i]);
            table[2 * i] = (float)cos;
            table[(2 * i) + 1] = (float)sin;
        }
    }

    /// <summary>Turns <paramref name="heads"/> heads that follow each other.</summary>
    public void Turn(float* table, float* values, int heads, int headSize)
    {
        int pairs = _frequencies.Length;
        int step = _kind == RopeKind.Neox ? 1 : 2;
        int partner = _kind == RopeKind.Neox ? pairs : 1;

        for (int head = 0; head < heads; head++)
        {
            float* x = values + ((long)head * headSize);

            for (int i = 0; i < pairs; i++, x += step)
            {
                float cos = table[2 * i];
                float sin = table[(2 * i) + 1];
                float left = x[0];
                float right = x[partner];
                x[0] = MathF.FusedMultiplyAdd(left, cos, -(right * sin));
                x[partner] = MathF.FusedMultiplyAdd(left, sin, right * cos);
            }
        }
    }
}
