namespace Swarm.Inference.Model.Codec;

/// <summary>
/// Finds what a superblock of Q3_K, Q6_K or IQ4_XS is best stored as: <c>d · s · q</c> with a small whole s for each
/// group, so that the sum of squared errors is small; as <see cref="MinimumFit"/> does, without a minimum.
/// </summary>
internal static class SignedFit
{
    private const int GroupsMax = 16;
    private const int Rounds = 3;
    private const int Polishes = 2;

    /// <summary>Fills the scale of each group, from <paramref name="scaleMin"/> to its opposite.</summary>
    /// <returns>d.</returns>
    public static float Fit<TLevels>(
        TLevels levels, ReadOnlySpan<float> values, int scaleMin, Span<int> scales)
        where TLevels : struct, ILevels
    {
        int groups = scales.Length;
        int length = values.Length / groups;
        Span<(double Step, double Squares)> alone = stackalloc (double, double)[GroupsMax];
        Span<int> tried = stackalloc int[GroupsMax];
        double farthest = 0;

        for (int group = 0; group < groups; group++)
        {
            ReadOnlySpan<float> part = values.Slice(group * length, length);
            alone[group] = (FitGroup(levels, part), GroupSums.Values(part).Squares);
            farthest = Math.Abs(alone[group].Step) > Math.Abs(farthest) ? alone[group].Step : farthest;
        }

        // The farthest scale becomes the one that has no opposite.
        float scale = SmallFloat.Nearest(farthest / scaleMin);
        float best = 0;
        double errorMin = double.PositiveInfinity;

        for (int round = 0; round < Rounds; round++)
        {
            double error = 0;
            double products = 0;
            double squares = 0;

            for (int group = 0; group < groups; group++)
            {
                ReadOnlySpan<float> part = values.Slice(group * length, length);
                (tried[group], double groupError, GroupSums sums) = Choose(levels, part, alone[group], scale, scaleMin);
                error += groupError;
                products += tried[group] * sums.Products;
                squares += (double)tried[group] * tried[group] * sums.Squares;
            }

            if (error >= errorMin)
            {
                break;
            }

            (errorMin, best) = (error, scale);
            tried[..groups].CopyTo(scales);
            scale = squares > 0 ? SmallFloat.Nearest(products / squares) : 0;
        }

        return best;
    }

    /// <summary>The scale that fits a group best when nothing bounds it.</summary>
    public static double FitGroup<TLevels>(TLevels levels, ReadOnlySpan<float> values)
        where TLevels : struct, ILevels
    {
        float farthest = 0;

        foreach (float value in values)
        {
            farthest = Math.Abs(value) > Math.Abs(farthest) ? value : farthest;
        }

        if (farthest == 0)
        {
            return 0;
        }

        double best = 0;
        double gainMax = 0;

        // The farthest value is laid on the lowest level and on the highest, and somewhat beyond and before.
        (int count, double reach) = levels.Search;

        for (int stretch = -count; stretch <= count; stretch++)
        {
            double factor = 1 + (stretch * reach / count);
            Try(levels, values, levels.Lowest * factor / farthest, ref best, ref gainMax);
            Try(levels, values, levels.Highest * factor / farthest, ref best, ref gainMax);
        }

        for (int polish = 0; polish < Polishes && best != 0; polish++)
        {
            double before = gainMax;
            Try(levels, values, 1 / best, ref best, ref gainMax);

            if (gainMax <= before)
            {
                break;
            }
        }

        return best;
    }

    private static void Try<TLevels>(
        TLevels levels, ReadOnlySpan<float> values, double inverse, ref double best, ref double gainMax)
        where TLevels : struct, ILevels
    {
        var sums = GroupSums.Of(levels, values, 0, (float)inverse);

        // By how much the best scale for these levels lowers the sum of squares.
        double gain = sums.Squares > 0 ? sums.Products * sums.Products / sums.Squares : 0;

        if (gain > gainMax)
        {
            (gainMax, best) = (gain, sums.Products / sums.Squares);
        }
    }

    private static (int Scale, double Error, GroupSums Sums) Choose<TLevels>(
        TLevels levels, ReadOnlySpan<float> values, (double Step, double Squares) alone, float shared, int scaleMin)
        where TLevels : struct, ILevels
    {
        int scaleMax = -scaleMin - 1;
        int near = shared == 0 ? 0 : (int)Math.Clamp(Math.Round(alone.Step / shared), scaleMin, scaleMax);
        (int Scale, double Error, GroupSums Sums) best = (0, double.PositiveInfinity, default);

        for (int scale = Math.Max(scaleMin, near - 1); scale <= Math.Min(scaleMax, near + 1); scale++)
        {
            double step = (double)shared * scale;
            var sums = GroupSums.Of(levels, values, 0, SmallFloat.Inverse(shared * scale));
            double error = alone.Squares + (step * step * sums.Squares) - (2 * step * sums.Products);

            if (error < best.Error)
            {
                best = (scale, error, sums);
            }
        }

        return best;
    }
}
