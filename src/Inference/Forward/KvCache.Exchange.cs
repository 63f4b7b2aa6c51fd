using System.Buffers.Binary;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

namespace Swarm.Inference.Forward;

/// <summary>Ranges of positions as bytes, for another cache of the same model and type: bit for bit the same.</summary>
/// <remarks>
/// All little-endian; nothing in it depends on pages, on the layout in memory, or on the span that wrote it.
/// <code>
///  0  4  "SWKV"                     16  4  first block
///  4  2  version of this format: 2  20  4  last block, not included
///  6  2  type: 1 f32, 2 f16, 3 q8_0 24  4  first position
///  8  4  numerics version           28  4  last position, not included
/// 12  4  zero
/// 32     per block: heads, key size, value size, length of the state, 4 bytes each
///        per recurrent block: its state after the last position, 32-bit floats
///        per position, per block, per head: the key, then the value
/// </code>
/// A key or value is its numbers, element after element; of q8_0 every 32 elements, or those that are left, are a
/// 16-bit scale and a byte each. The state of recurrent blocks is known at some positions only, and of all blocks at
/// once.
/// </remarks>
public sealed unsafe partial class KvCache
{
    private const uint Magic = 0x564B_5753;
    private const ushort FormatVersion = 2;
    private const int HeaderBytes = 32;
    private const int LayerHeaderBytes = 16;

    /// <summary>How long the bytes of these positions are.</summary>
    public long ExportedBytes(BlockRange blocks, int first, int last)
    {
        Check(blocks, first, last);
        return HeaderBytes + ((long)blocks.Count * LayerHeaderBytes) + StateBytes(blocks)
            + ((last - first) * RowBytes(blocks));
    }

    /// <summary>
    /// The keys and values of positions first to last - 1 in some of the blocks, and what recurrent ones know after the
    /// last of them.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// What recurrent blocks knew there is forgotten: it is known of all positions held and of snapshots.
    /// </exception>
    public byte[] Export(BlockRange blocks, int first, int last)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last, Length);
        byte[] bytes = new byte[ExportedBytes(blocks, first, last)];
        WriteHeader(bytes, blocks, first, last);

        fixed (byte* begin = bytes)
        {
            byte* target = begin + HeaderBytes + (blocks.Count * LayerHeaderBytes);
            _recurrent?.Export(blocks, last, Length, (float*)target);
            target += StateBytes(blocks);

            for (int position = first; position < last; position++)
            {
                for (int block = blocks.First; block < blocks.Last; block++)
                {
                    target = ExportRow(block, position, target);
                }
            }
        }

        return bytes;
    }

    /// <summary>
    /// Takes exported positions. They may be of fewer blocks: the cache holds a position once all its blocks do. What
    /// it holds already stays as it is.
    /// </summary>
    /// <exception cref="KvImportException">They do not fit here, leave a gap, or are damaged.</exception>
    /// <exception cref="KvMemoryException">A page shared with a fork would need a copy.</exception>
    public void Import(ReadOnlySpan<byte> bytes)
    {
        (BlockRange blocks, int first, int last) = ReadHeader(bytes);
        Span<int> lengths = _lengths.AsSpan(blocks.First - Blocks.First, blocks.Count);
        int held = int.MaxValue;

        foreach (int length in lengths)
        {
            held = Math.Min(held, length);
        }

        Require(first <= held, $"it begins at position {first}, the cache holds {held}");
        Require(last <= Capacity, $"it ends at position {last}, the cache has room for {Capacity}");
        Require(
            bytes.Length == ExportedBytes(blocks, first, last),
            $"{bytes.Length} bytes, where these positions take {ExportedBytes(blocks, first, last)}");
        Require(
            StateBytes(blocks) == 0 || blocks == Blocks,
            $"they are of blocks {blocks}, and recurrent ones are taken only of all blocks {Blocks} at once");
        bool valid = true;

        if (last > held)
        {
            Own(held, last);
        }

        fixed (byte* begin = bytes)
        {
            byte* state = begin + HeaderBytes + (blocks.Count * LayerHeaderBytes);
            byte* source = state + StateBytes(blocks);

            for (int position = first; position < last; position++)
            {
                for (int block = blocks.First; block < blocks.Last; block++)
                {
                    source = ImportRow(block, position, source, ref valid);
                }
            }

            valid &= Finite.All((float*)state, (int)(StateBytes(blocks) / sizeof(float)));
            Require(valid, "it holds a number that no cache holds");

            if (last > held)
            {
                _recurrent?.Import(blocks, (float*)state);
            }
        }

        foreach (ref int length in lengths)
        {
            length = Math.Max(length, last);
        }

        Length = _lengths.Min();
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new KvImportException($"These keys and values cannot be taken: {otherwise}.");
        }
    }

    private void Check(BlockRange blocks, int first, int last)
    {
        if (blocks.IsEmpty || !Blocks.Contains(blocks))
        {
            throw new ArgumentOutOfRangeException(nameof(blocks), blocks, $"the cache has blocks {Blocks}");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last, Capacity);
    }

    private long RowBytes(BlockRange blocks)
    {
        long bytes = 0;

        for (int block = blocks.First; block < blocks.Last; block++)
        {
            LayerSpec layer = Layer(block);
            bytes += (long)layer.KvHeadsKept
                * (_format.ExportedBytes(layer.KeySize) + _format.ExportedBytes(layer.ValueSize));
        }

        return bytes;
    }

    private long StateBytes(BlockRange blocks)
    {
        long floats = 0;

        for (int block = blocks.First; block < blocks.Last; block++)
        {
            floats += Layer(block).Recurrence?.StateLength ?? 0;
        }

        return floats * sizeof(float);
    }

    private void WriteHeader(Span<byte> bytes, BlockRange blocks, int first, int last)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], FormatVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], (ushort)Type);
        int[] numbers = [Numerics.Version, 0, blocks.First, blocks.Last, first, last];

        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes[(8 + (i * sizeof(int)))..], numbers[i]);
        }

        WriteLayers(bytes[HeaderBytes..], blocks);
    }

    private void WriteLayers(Span<byte> bytes, BlockRange blocks)
    {
        for (int block = blocks.First; block < blocks.Last; block++, bytes = bytes[LayerHeaderBytes..])
        {
            LayerSpec layer = Layer(block);
            BinaryPrimitives.WriteInt32LittleEndian(bytes, layer.KvHeadsKept);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], layer.KeySize);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], layer.ValueSize);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], layer.Recurrence?.StateLength ?? 0);
        }
    }

    private (BlockRange Blocks, int First, int Last) ReadHeader(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length >= HeaderBytes, "there are too few bytes");
        Require(BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic, "they are something else");
        int version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        Require(version == FormatVersion, $"they have version {version}, known is {FormatVersion}");
        var type = (KvCacheType)BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        Require(type == Type, $"they are of type {type}, the cache of {Type}");
        int numerics = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        Require(numerics == Numerics.Version, $"numerics version {numerics} computed them, here is {Numerics.Version}");
        Require(BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) == 0, "the header is damaged");
        var blocks = new BlockRange(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]));
        int first = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        int last = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        Require(
            !blocks.IsEmpty && Blocks.Contains(blocks), $"they are of blocks {blocks}, the cache has {Blocks}");
        Require(first >= 0 && first <= last, $"positions {first} to {last} are none");
        byte[] layers = new byte[blocks.Count * LayerHeaderBytes];
        WriteLayers(layers, blocks);
        Require(bytes[HeaderBytes..].StartsWith(layers), "their heads have other sizes");
        return (blocks, first, last);
    }

    private byte* ExportRow(int block, int position, byte* target)
    {
        LayerSpec layer = Layer(block);
        int row = position % Attention.Chunk;

        for (int head = 0; head < layer.KvHeadsKept; head++)
        {
            KvHead place = Head(block, head);
            _format.ExportKey(place.Keys(position / Attention.Chunk), row, layer.KeySize, target);
            target += _format.ExportedBytes(layer.KeySize);
            _format.ExportValue(place.Values(position / Attention.Chunk), row, layer.ValueSize, target);
            target += _format.ExportedBytes(layer.ValueSize);
        }

        return target;
    }

    private byte* ImportRow(int block, int position, byte* source, ref bool valid)
    {
        LayerSpec layer = Layer(block);
        int row = position % Attention.Chunk;
        bool held = position < _lengths[block - Blocks.First];

        for (int head = 0; head < layer.KvHeadsKept; head++)
        {
            KvHead place = Head(block, head);
            valid &= held
                || _format.ImportKey(place.Keys(position / Attention.Chunk), row, layer.KeySize, source);
            source += _format.ExportedBytes(layer.KeySize);
            valid &= held
                || _format.ImportValue(place.Values(position / Attention.Chunk), row, layer.ValueSize, source);
            source += _format.ExportedBytes(layer.ValueSize);
        }

        return source;
    }
}
