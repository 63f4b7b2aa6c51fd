namespace Swarm.Fable.Corpus;

/// <summary>SplitMix64: written here, so that no library's next version changes the corpus.</summary>
public sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from 0 up to, not including, a limit.</summary>
    public int Next(int limit)
    {
        _state += 0x9E3779B97F4A7C15;
        ulong mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return (int)Math.BigMul(mixed, (ulong)limit, out _);
    }

    /// <summary>A number of a normal distribution around 0 with deviation 1.</summary>
    public double NextNormal()
    {
        const int Steps = 1 << 30;
        double radius = Math.Sqrt(-2 * Math.Log((Next(Steps) + 1) / (double)Steps));
        return radius * Math.Cos(2 * Math.PI * Next(Steps) / Steps);
    }
}
