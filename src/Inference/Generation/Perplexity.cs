namespace Swarm.Inference.Generation;

/// <summary>
/// How surprised a model was: e to the mean of -ln p over the tokens that came. 1 is certainty; a model that knows
/// nothing has the size of its vocabulary.
/// </summary>
/// <param name="Tokens">How many tokens were predicted.</param>
/// <param name="Sum">The sum of -ln p.</param>
/// <param name="Squares">The sum of its squares.</param>
public readonly record struct Perplexity(int Tokens, double Sum, double Squares)
{
    /// <summary>The perplexity.</summary>
    public double Value => Math.Exp(Sum / Tokens);

    /// <summary>By how much another text of this kind and length would change it: one standard deviation.</summary>
    public double Error
    {
        get
        {
            double mean = Sum / Tokens;
            double variance = (Squares / Tokens) - (mean * mean);
            return Tokens > 1 && variance > 0 ? Value * Math.Sqrt(variance / (Tokens - 1)) : 0;
        }
    }

    /// <summary>The same and one more token, which had this probability's logarithm.</summary>
    public Perplexity With(double logProbability)
        => new(Tokens + 1, Sum - logProbability, Squares + (logProbability * logProbability));
}
