namespace Swarm.Inference.Making;

/// <summary>Numbers that are the same for the same seed and name on every machine: SplitMix64.</summary>
internal readonly struct SeededWeights
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private readonly ulong _start;

    /// <summary>The sequence of <paramref name="name"/> under <paramref name="seed"/>.</summary>
    public SeededWeights(ulong seed, string name)
    {
        // FNV-1a of the name, so that a tensor's values do not depend on the tensors before it.
        ulong hash = 0xCBF29CE484222325;

        foreach (char letter in name)
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }

        _start = hash ^ (seed * Step);
    }

    /// <summary>Fills with the values from <paramref name="first"/> on, of this mean and standard deviation.</summary>
    public void Fill(long first, Span<float> values, float mean, float deviation)
    {
        // The sum of four even draws of 16 bits: bell-shaped, bounded, and one draw of 64 bits a value.
        const float Unit = 1f / 65536;
        float scale = deviation * MathF.Sqrt(3);
        ulong state = _start + ((ulong)first * Step);

        for (int i = 0; i < values.Length; i++)
        {
            ulong bits = Mix(state += Step);
            float sum = ((ushort)bits + (ushort)(bits >> 16) + (ushort)(bits >> 32) + (ushort)(bits >> 48)) * Unit;
            values[i] = mean + ((sum - 2) * scale);
        }
    }

    private static ulong Mix(ulong state)
    {
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
