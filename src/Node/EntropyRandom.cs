using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Swarm.Node;

/// <summary>The system's entropy behind the interface that simulations seed: for secrets and for jitter.</summary>
internal sealed class EntropyRandom : Random
{
    // The bits of a double's fraction.
    private const int FractionBits = 53;

    public override int Next() => RandomNumberGenerator.GetInt32(int.MaxValue);

    public override int Next(int maxValue) => maxValue == 0 ? 0 : RandomNumberGenerator.GetInt32(maxValue);

    public override int Next(int minValue, int maxValue)
        => minValue == maxValue ? minValue : RandomNumberGenerator.GetInt32(minValue, maxValue);

    public override void NextBytes(byte[] buffer) => RandomNumberGenerator.Fill(buffer);

    public override void NextBytes(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);

    public override double NextDouble() => Sample();

    protected override double Sample()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return (BinaryPrimitives.ReadUInt64LittleEndian(bytes) >> (64 - FractionBits)) / (double)(1UL << FractionBits);
    }
}
