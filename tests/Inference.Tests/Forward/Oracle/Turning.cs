using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Forward.Oracle;

/// <summary>Rotary positions, as the papers write them.</summary>
internal static class Turning
{
    /// <summary>Turns one head, from element <paramref name="skip"/> on.</summary>
    public static double[] Turn(RopeSpec spec, Tensors tensors, double[] head, int position, int context, int skip = 0)
    {
        double[] result = [.. head];
        string factors = spec.HasFactors ? "rope_freqs.weight"
            : spec.ShortContext == 0 ? ""
            : context > spec.ShortContext ? "rope_factors_long.weight" : "rope_factors_short.weight";

        for (int pair = 0; pair < spec.Dimensions / 2; pair++)
        {
            double plain = position * Math.Pow(spec.FrequencyBase, -2.0 * pair / spec.Dimensions);
            plain /= factors.Length > 0 ? tensors.Of(factors)[pair] : 1;
            double share = Kept(spec, pair);
            double angle = (plain * spec.FrequencyScale * (1 - share)) + (plain * share);
            int left = skip + (spec.Kind == RopeKind.Neox ? pair : 2 * pair);
            int right = left + (spec.Kind == RopeKind.Neox ? spec.Dimensions / 2 : 1);
            (double sin, double cos) = Math.SinCos(angle);
            result[left] = spec.Magnitude * ((head[left] * cos) - (head[right] * sin));
            result[right] = spec.Magnitude * ((head[left] * sin) + (head[right] * cos));
        }

        return result;
    }

    // YaRN: pairs that turn often within the original context stay, those that hardly turn are stretched.
    private static double Kept(RopeSpec spec, int pair)
    {
        if (spec.Yarn is not { } yarn)
        {
            return 0;
        }

        double PairOf(double turns) => spec.Dimensions * Math.Log(yarn.OriginalContext / (turns * 2 * Math.PI))
            / (2 * Math.Log(spec.FrequencyBase));

        double low = Math.Max(0, Math.Floor(PairOf(yarn.BetaFast)));
        double high = Math.Min(spec.Dimensions - 1, Math.Ceiling(PairOf(yarn.BetaSlow)));
        return yarn.Mix * (1 - Math.Clamp((pair - low) / Math.Max(0.001, high - low), 0, 1));
    }
}
