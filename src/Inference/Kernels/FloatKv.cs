using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Keys and values kept as floats of 32 or 16 bits.</summary>
internal sealed unsafe class FloatKv<TFormat> : KvFormat
    where TFormat : struct, IRoundedFormat
{
    public override long KeyBytes(int size) => (long)Attention.Chunk * size * TFormat.Size;

    public override long ValueBytes(int size) => (long)Attention.Chunk * Attention.Padded(size) * TFormat.Size;

    public override bool StoreKey(byte* chunk, int row, float* key, int size)
        => Store(chunk + (KeyPlace(row, size) * TFormat.Size), Attention.Tile * TFormat.Size, key, size);

    public override bool StoreValue(byte* chunk, int row, float* value, int size)
        => Store(Value(chunk, row, size), TFormat.Size, value, size);

    public override float* Keys(byte* chunk, int size, float* room, bool vectors)
        => Floats(chunk, Attention.Chunk * size, room, vectors);

    public override float* Values(byte* chunk, int size, float* room, bool vectors)
        => Floats(chunk, Attention.Chunk * Attention.Padded(size), room, vectors);

    // For few queries it is not worth while to write floats first.
    public override void Fold(
        in AttentionSpec spec, in KvChunk chunk, AttentionQuery* queries, int count, AttentionScratch scratch)
    {
        if (count <= Attention.Together)
        {
            Attention.Fold<TFormat>(spec, chunk, queries, count, scratch);
        }
        else
        {
            base.Fold(spec, chunk, queries, count, scratch);
        }
    }

    public override int ExportedBytes(int size) => size * TFormat.Size;

    public override void ExportKey(byte* chunk, int row, int size, byte* target)
        => Copy(
            chunk + (KeyPlace(row, size) * TFormat.Size), Attention.Tile * TFormat.Size, target, TFormat.Size, size);

    public override void ExportValue(byte* chunk, int row, int size, byte* target)
        => Copy(Value(chunk, row, size), TFormat.Size, target, TFormat.Size, size);

    public override bool ImportKey(byte* chunk, int row, int size, byte* source)
        => Copy(
            source, TFormat.Size, chunk + (KeyPlace(row, size) * TFormat.Size), Attention.Tile * TFormat.Size, size);

    public override bool ImportValue(byte* chunk, int row, int size, byte* source)
        => Copy(source, TFormat.Size, Value(chunk, row, size), TFormat.Size, size);

    private static byte* Value(byte* chunk, int row, int size)
        => chunk + ((long)row * Attention.Padded(size) * TFormat.Size);

    private static bool Store(byte* target, int step, float* numbers, int count)
    {
        bool finite = true;

        for (int i = 0; i < count; i++, target += step)
        {
            finite &= TFormat.Round(numbers[i], target);
        }

        return finite;
    }

    private static bool Copy(byte* source, int sourceStep, byte* target, int targetStep, int count)
    {
        bool finite = true;

        for (int i = 0; i < count; i++, source += sourceStep, target += targetStep)
        {
            finite &= float.IsFinite(TFormat.One(source));
            Unsafe.CopyBlockUnaligned(target, source, (uint)TFormat.Size);
        }

        return finite;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float* Floats(byte* chunk, int count, float* room, bool vectors)
    {
        if (TFormat.Size == sizeof(float))
        {
            return (float*)chunk;
        }

        if (vectors)
        {
            for (int i = 0; i < count; i += Vector512<float>.Count)
            {
                TFormat.Sixteen(chunk + ((long)i * TFormat.Size)).Store(room + i);
            }
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                room[i] = TFormat.One(chunk + ((long)i * TFormat.Size));
            }
        }

        return room;
    }
}
