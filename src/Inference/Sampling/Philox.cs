namespace Swarm.Inference.Sampling;

/// <summary>
/// Philox4x32-10 (Salmon et al., 2011): a random number is a function of its key and its counter, so the number of a
/// position needs no history.
/// </summary>
internal static class Philox
{
    private const uint Multiplier0 = 0xD251_1F53;
    private const uint Multiplier1 = 0xCD9E_8D57;
    private const uint Step0 = 0x9E37_79B9;
    private const uint Step1 = 0xBB67_AE85;

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public static double Unit(ulong seed, ulong position)
    {
        (uint C0, uint C1, uint C2, uint C3) counter = ((uint)position, (uint)(position >> 32), 0, 0);
        (uint c0, uint c1, _, _) = Block((uint)seed, (uint)(seed >> 32), counter);
        return ((((ulong)c1 << 32) | c0) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Ten rounds over one counter.</summary>
    public static (uint C0, uint C1, uint C2, uint C3) Block(
        uint key0, uint key1, (uint C0, uint C1, uint C2, uint C3) counter)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * counter.C0;
            ulong product1 = (ulong)Multiplier1 * counter.C2;
            counter = (
                (uint)(product1 >> 32) ^ counter.C1 ^ key0,
                (uint)product1,
                (uint)(product0 >> 32) ^ counter.C3 ^ key1,
                (uint)product0);
            key0 += Step0;
            key1 += Step1;
        }

        return counter;
    }
}
