namespace Swarm.Inference.Model.Codec;

/// <summary>
/// Finds what a superblock of Q2_K, Q4_K or Q5_K is best stored as: <c>d · s · q - dmin · m</c> with small whole s
/// and m for each group, so that the sum of squared errors is small. Each group is fitted alone first; then whole s
/// and m are chosen among neighbours under the shared d and dmin, and these are fitted again to what was chosen.
/// </summary>
internal static class MinimumFit
{
    private const int GroupsMax = 16;
    private const int Rounds = 3;
    private const int Polishes = 2;

    // The range of a group is laid over a few more levels, or fewer, than there are.
    private const int Stretches = 5;
    private const double StretchStep = 0.2;

    /// <summary>Fills <paramref name="scales"/> and <paramref name="minimums"/> of each group.</summary>
    /// <returns>d and dmin.</returns>
    public static (float Scale, float Minimum) Fit(
        ReadOnlySpan<float> values, float levelMax, int scaleMax, Span<int> scales, Span<int> minimums)
    {
        int groups = scales.Length;
        int length = values.Length / groups;
        var levels = new EvenLevels(0, levelMax);
        Span<(double Step, double Offset)> alone = stackalloc (double, double)[GroupsMax];
        Span<(double Sum, double Squares)> totals = stackalloc (double, double)[GroupsMax];
        Span<int> triedScales = stackalloc int[GroupsMax];
        Span<int> triedMinimums = stackalloc int[GroupsMax];
        double stepMax = 0;
        double offsetMax = 0;

        for (int group = 0; group < groups; group++)
        {
            ReadOnlySpan<float> part = values.Slice(group * length, length);
            totals[group] = GroupSums.Values(part);
            alone[group] = FitGroup(levels, part, totals[group]);
            stepMax = Math.Max(stepMax, alone[group].Step);
            offsetMax = Math.Max(offsetMax, alone[group].Offset);
        }

        (float Scale, float Minimum) tried
            = (SmallFloat.Nearest(stepMax / scaleMax), SmallFloat.Nearest(offsetMax / scaleMax));
        (float Scale, float Minimum) best = default;
        double errorMin = double.PositiveInfinity;

        for (int round = 0; round < Rounds; round++)
        {
            var equations = default(Equations);

            for (int group = 0; group < groups; group++)
            {
                ReadOnlySpan<float> part = values.Slice(group * length, length);
                (triedScales[group], triedMinimums[group])
                    = Choose(levels, part, totals[group], alone[group], tried, scaleMax, ref equations);
            }

            if (equations.Error >= errorMin)
            {
                break;
            }

            errorMin = equations.Error;
            best = tried;
            triedScales[..groups].CopyTo(scales);
            triedMinimums[..groups].CopyTo(minimums);
            tried = equations.Solve();
        }

        return best;
    }

    private static (double Step, double Offset) FitGroup(
        EvenLevels levels, ReadOnlySpan<float> values, (double Sum, double Squares) total)
    {
        float minimum = 0;
        float maximum = float.MinValue;

        foreach (float value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }

        if (maximum <= minimum)
        {
            return (0, -minimum);
        }

        (double sum, double squares) = total;
        (double Step, double Offset) best = default;
        double errorMin = double.PositiveInfinity;

        for (int stretch = -Stretches; stretch <= Stretches; stretch++)
        {
            double inverse = (levels.Highest + (stretch * StretchStep)) / ((double)maximum - minimum);
            var sums = GroupSums.Of(levels, values, -minimum, (float)inverse);
            (double Step, double Offset) solved = Solve(sums, values.Length, sum);
            double error = Error(sums, values.Length, sum, squares, solved.Step, solved.Offset);

            if (error < errorMin)
            {
                (errorMin, best) = (error, solved);
            }
        }

        // The levels nearest under the fitted scale may be others: as long as that helps.
        for (int polish = 0; polish < Polishes && best.Step > 0; polish++)
        {
            var sums = GroupSums.Of(levels, values, (float)best.Offset, (float)(1 / best.Step));
            (double Step, double Offset) solved = Solve(sums, values.Length, sum);
            double error = Error(sums, values.Length, sum, squares, solved.Step, solved.Offset);

            if (error >= errorMin)
            {
                break;
            }

            (errorMin, best) = (error, solved);
        }

        return best;
    }

    /// <summary>The best whole scale and minimum near those that the group has alone.</summary>
    private static (int Scale, int Minimum) Choose(
        EvenLevels levels,
        ReadOnlySpan<float> values,
        (double Sum, double Squares) total,
        (double Step, double Offset) alone,
        (float Scale, float Minimum) shared,
        int scaleMax,
        ref Equations equations)
    {
        (double sum, double squares) = total;
        int scaleNear = Near(alone.Step, shared.Scale, scaleMax);
        int minimumNear = Near(alone.Offset, shared.Minimum, scaleMax);
        (int Scale, int Minimum) best = default;
        GroupSums bestSums = default;
        double errorMin = double.PositiveInfinity;

        for (int scale = Math.Max(0, scaleNear - 1); scale <= Math.Min(scaleMax, scaleNear + 1); scale++)
        {
            for (int minimum = Math.Max(0, minimumNear - 1); minimum <= Math.Min(scaleMax, minimumNear + 1); minimum++)
            {
                float step = shared.Scale * scale;
                float offset = shared.Minimum * minimum;
                var sums = GroupSums.Of(levels, values, offset, SmallFloat.Inverse(step));
                double error = Error(sums, values.Length, sum, squares, step, offset);

                if (error < errorMin)
                {
                    (errorMin, best, bestSums) = (error, (scale, minimum), sums);
                }
            }
        }

        equations.Add(bestSums, values.Length, sum, errorMin, best.Scale, best.Minimum);
        return best;
    }

    private static int Near(double value, float unit, int max)
        => unit == 0 ? 0 : (int)Math.Clamp(Math.Round(value / unit), 0, max);

    /// <summary>The step and the offset, none below zero, that fit the chosen levels best.</summary>
    private static (double Step, double Offset) Solve(GroupSums sums, int count, double sum)
    {
        double determinant = (count * sums.Squares) - (sums.Levels * sums.Levels);

        if (determinant > 0)
        {
            double step = ((count * sums.Products) - (sum * sums.Levels)) / determinant;
            double offset = ((sums.Levels * sums.Products) - (sums.Squares * sum)) / determinant;

            if (step > 0 && offset >= 0)
            {
                return (step, offset);
            }
        }

        return sums.Squares > 0 ? (Math.Max(0, sums.Products / sums.Squares), 0) : (0, Math.Max(0, -sum / count));
    }

    private static double Error(
        GroupSums sums, int count, double sum, double squares, double step, double offset)
        => squares + (step * step * sums.Squares) + (count * offset * offset)
            - (2 * step * sums.Products) - (2 * step * offset * sums.Levels) + (2 * offset * sum);

    /// <summary>What d and dmin must fulfil for the levels, scales and minimums that were chosen.</summary>
    private struct Equations
    {
        private double _scales;
        private double _both;
        private double _minimums;
        private double _scaled;
        private double _offset;

        public double Error { get; private set; }

        public void Add(GroupSums sums, int count, double sum, double error, int scale, int minimum)
        {
            Error += error;
            _scales += (double)scale * scale * sums.Squares;
            _both += (double)scale * minimum * sums.Levels;
            _minimums += (double)minimum * minimum * count;
            _scaled += scale * sums.Products;
            _offset += minimum * sum;
        }

        public readonly (float Scale, float Minimum) Solve()
        {
            double determinant = (_scales * _minimums) - (_both * _both);

            if (determinant > 1e-9 * _scales * _minimums)
            {
                double scale = ((_scaled * _minimums) - (_both * _offset)) / determinant;
                double minimum = ((_both * _scaled) - (_scales * _offset)) / determinant;
                return (SmallFloat.Nearest(Math.Max(0, scale)), SmallFloat.Nearest(Math.Max(0, minimum)));
            }

            return (SmallFloat.Nearest(_scales > 0 ? Math.Max(0, _scaled / _scales) : 0), 0);
        }
    }
}
