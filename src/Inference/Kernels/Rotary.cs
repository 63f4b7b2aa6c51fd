using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Turns pairs of a head's elements by angles that grow with the position: pair i by position · f_i, with
/// <c>f_i = scale · base^(-2i / dimensions) / factor_i</c>, mixed by YaRN's ramp where the model says so. Angles are
/// computed in double by our own series and rounded once; <c>(x, y)</c> becomes
/// <c>(fma(x, cos, -(y · sin)), fma(x, sin, y · cos))</c>.
/// </summary>
/// <remarks>
/// A sine or cosine is at most half an ulp of its float and position · 2^-50 from the true one where the series falls
/// (base at least 1, magnitude 1): the angle is a double, so a small sine far out is as far off as a large one. That
/// share is 1e-10 at position 2^17 and 2.4e-7, four ulps below 1, at the last, 2^28.
/// </remarks>
internal sealed unsafe class Rotary
{
    private readonly RopeSpec _spec;
    private readonly double[] _short;
    private readonly double[] _long;

    /// <summary>Prepares the angles of a model without factors, or with the same for every session.</summary>
    public Rotary(RopeSpec spec, ReadOnlySpan<float> factors)
        : this(spec, factors, factors)
    {
    }

    /// <summary>Prepares the angles of short and of long sessions; factors may be empty.</summary>
    public Rotary(RopeSpec spec, ReadOnlySpan<float> shortFactors, ReadOnlySpan<float> longFactors)
    {
        _spec = spec;
        _short = Frequencies(spec, shortFactors);
        _long = Frequencies(spec, longFactors);
    }

    /// <summary>Floats of one position's table: a cosine and a sine to each pair.</summary>
    public int TableLength => 2 * _short.Length;

    /// <summary>
    /// Fills the table of one position of a session that may reach <paramref name="context"/> positions.
    /// </summary>
    public void Fill(int position, int context, float* table)
    {
        double[] frequencies = context > _spec.ShortContext ? _long : _short;

        for (int i = 0; i < frequencies.Length; i++)
        {
            (double sin, double cos) = DoubleMath.SinCos(position * frequencies[i]);
            table[2 * i] = (float)(cos * _spec.Magnitude);
            table[(2 * i) + 1] = (float)(sin * _spec.Magnitude);
        }
    }

    /// <summary>Turns <paramref name="heads"/> heads that follow each other.</summary>
    public void Turn(float* table, float* values, int heads, int headSize)
    {
        int pairs = _short.Length;
        int step = _spec.Kind == RopeKind.Neox ? 1 : 2;
        int partner = _spec.Kind == RopeKind.Neox ? pairs : 1;

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

    private static double[] Frequencies(RopeSpec spec, ReadOnlySpan<float> factors)
    {
        double[] frequencies = new double[spec.Dimensions / 2];

        for (int i = 0; i < frequencies.Length; i++)
        {
            double plain = DoubleMath.Power(spec.FrequencyBase, -2.0 * i / spec.Dimensions);
            plain = factors.IsEmpty ? plain : plain / factors[i];
            double scaled = plain * spec.FrequencyScale;
            double kept = spec.Yarn is { } yarn ? yarn.Mix * Kept(spec, yarn, i) : 0;
            frequencies[i] = kept == 0 ? scaled : (scaled * (1 - kept)) + (plain * kept);
        }

        return frequencies;
    }

    // 1 for the pairs that turn often within the original context, 0 for those that hardly do, a ramp between.
    private static double Kept(RopeSpec spec, YarnSpec yarn, int pair)
    {
        double low = Math.Max(0, Math.Floor(PairThatTurns(yarn.BetaFast)));
        double high = Math.Min(spec.Dimensions - 1, Math.Ceiling(PairThatTurns(yarn.BetaSlow)));
        return 1 - Math.Clamp((pair - low) / Math.Max(0.001, high - low), 0, 1);

        double PairThatTurns(double times)
            => spec.Dimensions * DoubleMath.Log(yarn.OriginalContext / (times * 2 * Math.PI))
                / (2 * DoubleMath.Log(spec.FrequencyBase));
    }
}
