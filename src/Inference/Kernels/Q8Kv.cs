using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Keys and values kept as bytes: 32 elements along the head, or the fewer that are left at its end, share a 16-bit
/// scale. An element stands for byte · scale, which a float holds exactly.
/// </summary>
/// <remarks>
/// scale = half(largest magnitude / 127); byte = x · (1 / scale), rounded half to even and clamped to ±127; all zero
/// when the scale is. The bytes of a chunk come first, in the order that floats would have, then its scales: of keys
/// sixteen positions side by side, of values row after row.
/// </remarks>
internal sealed unsafe class Q8Kv : KvFormat
{
    private const int Block = 32;

    public override long KeyBytes(int size) => (long)Attention.Chunk * (size + (Blocks(size) * sizeof(Half)));

    public override long ValueBytes(int size)
        => (long)Attention.Chunk * (Attention.Padded(size) + (Blocks(size) * sizeof(Half)));

    public override bool StoreKey(byte* chunk, int row, float* key, int size)
        => Store(Key(chunk, row, size), key, size);

    public override bool StoreValue(byte* chunk, int row, float* value, int size)
        => Store(Value(chunk, row, size), value, size);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float* Keys(byte* chunk, int size, float* room, bool vectors)
    {
        for (int tile = 0; vectors && tile < Attention.Chunk; tile += Attention.Tile)
        {
            Row row = Key(chunk, tile, size);

            for (int d = 0; d < size; d += Block)
            {
                Sixteens(row.Bytes + (d * Attention.Tile), HalfLanes.Load((byte*)row.Scale(d)),
                    Math.Min(Block, size - d), room + ((long)tile * size) + (d * Attention.Tile));
            }
        }

        for (int j = 0; !vectors && j < Attention.Chunk; j++)
        {
            Row row = Key(chunk, j, size);

            for (int d = 0; d < size; d++)
            {
                room[KeyPlace(j, size) + (d * Attention.Tile)] = row.Element(d);
            }
        }

        return room;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float* Values(byte* chunk, int size, float* room, bool vectors)
    {
        int padded = Attention.Padded(size);
        float* scales = stackalloc float[Attention.Tile];
        byte* stored = (byte*)Value(chunk, 0, size).Scale(0);
        int index = 0;

        for (int j = 0; j < Attention.Chunk; j++)
        {
            Row row = Value(chunk, j, size);
            float* target = room + (j * padded);

            for (int d = 0; vectors && d < size; d += Block, index++)
            {
                if (index % Attention.Tile == 0)
                {
                    HalfLanes.Load(stored + (index * sizeof(Half))).Store(scales);
                }

                Sixteens(row.Bytes + d, Vector512.Create(scales[index % Attention.Tile]),
                    Math.Min(Block, padded - d) / Attention.Tile, target + d);
            }

            for (int d = 0; !vectors && d < size; d++)
            {
                target[d] = row.Element(d);
            }
        }

        return room;
    }

    public override int ExportedBytes(int size) => size + (Blocks(size) * sizeof(Half));

    public override void ExportKey(byte* chunk, int row, int size, byte* target)
        => Export(Key(chunk, row, size), size, target);

    public override void ExportValue(byte* chunk, int row, int size, byte* target)
        => Export(Value(chunk, row, size), size, target);

    public override bool ImportKey(byte* chunk, int row, int size, byte* source)
        => Import(Key(chunk, row, size), size, source);

    public override bool ImportValue(byte* chunk, int row, int size, byte* source)
        => Import(Value(chunk, row, size), size, source);

    private static int Blocks(int size) => (size + Block - 1) / Block;

    private static Row Key(byte* chunk, int row, int size)
    {
        var scales = (Half*)(chunk + (Attention.Chunk * size));
        int tile = row / Attention.Tile;
        return new Row(
            (sbyte*)chunk + KeyPlace(row, size),
            scales + (tile * Blocks(size) * Attention.Tile) + (row % Attention.Tile),
            Attention.Tile);
    }

    private static Row Value(byte* chunk, int row, int size)
    {
        int padded = Attention.Padded(size);
        var scales = (Half*)(chunk + (Attention.Chunk * padded));
        return new Row((sbyte*)chunk + (row * padded), scales + (row * Blocks(size)), 1);
    }

    private static bool Store(Row row, float* numbers, int count)
    {
        bool finite = true;

        for (int first = 0; first < count; first += Block)
        {
            int last = Math.Min(first + Block, count);
            float largest = 0;

            for (int d = first; d < last; d++)
            {
                largest = MathF.Max(largest, MathF.Abs(numbers[d]));
            }

            var scale = (Half)(largest / 127f);
            *row.Scale(first) = scale;
            finite &= Half.IsFinite(scale);
            float inverse = scale == Half.Zero ? 0f : 1f / (float)scale;

            for (int d = first; d < last; d++)
            {
                row.Byte(d) = (sbyte)Math.Clamp(MathF.Round(numbers[d] * inverse), -127f, 127f);
            }
        }

        return finite;
    }

    private static void Export(Row row, int count, byte* target)
    {
        for (int d = 0; d < count; d++)
        {
            if (d % Block == 0)
            {
                *(Half*)target = *row.Scale(d);
                target += sizeof(Half);
            }

            *target++ = (byte)row.Byte(d);
        }
    }

    // A scale of zero or more and bytes of ±127: nothing else comes from rounding.
    private static bool Import(Row row, int count, byte* source)
    {
        bool valid = true;

        for (int d = 0; d < count; d++)
        {
            if (d % Block == 0)
            {
                Half scale = *(Half*)source;
                valid &= Half.IsFinite(scale) && !Half.IsNegative(scale);
                *row.Scale(d) = scale;
                source += sizeof(Half);
            }

            valid &= *source != 0x80;
            row.Byte(d) = (sbyte)*source++;
        }

        return valid;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteens(sbyte* bytes, Vector512<float> scale, int count, float* target)
    {
        for (int i = 0; i < count; i++, bytes += Attention.Tile, target += Attention.Tile)
        {
            (Vector512.ConvertToSingle(Widen(bytes)) * scale).Store(target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(sbyte* bytes)
    {
        var packed = Vector128.Load(bytes);

        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector512Int32(packed);
        }

        (Vector256<int> lower, Vector256<int> upper) = Vector256.Widen(
            Vector256.Create(Vector128.WidenLower(packed), Vector128.WidenUpper(packed)));
        return Vector512.Create(lower, upper);
    }

    /// <summary>The bytes and scales of one key or value; <paramref name="step"/> lies between neighbours.</summary>
    private readonly struct Row(sbyte* bytes, Half* scales, int step)
    {
        public sbyte* Bytes { get; } = bytes;

        public ref sbyte Byte(int element) => ref Bytes[element * step];

        public Half* Scale(int element) => scales + (element / Block * step);

        public float Element(int element) => Byte(element) * (float)*Scale(element);
    }
}
