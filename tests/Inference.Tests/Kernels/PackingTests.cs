using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

namespace Swarm.Inference.Tests.Kernels;

/// <summary>Packing puts a file's bits in another order, the same on every rung; it loses and invents none.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class PackingTests
{
    private const int Nobody = -1;

    private static readonly GgmlType[] Types = [.. GgmlTypes.Supported];
    private static readonly Isa[] Rungs = Enum.GetValues<Isa>();

    [Test]
    public void Every_bit_of_a_file_has_its_place_and_every_place_its_bit([ValueSource(nameof(Types))] GgmlType type)
    {
        Prop.ForAll(Shapes(type).ToArbitrary(), shape =>
        {
            byte[] stored = Noise(type, shape);
            int[] owners = Owners(type, shape);
            byte[] packed = Pack(type, shape, stored, Isa.Scalar);

            // Nothing is invented: a packed bit is one of the file's, or what it is for a file of zeros.
            byte[] nothing = Pack(type, shape, new byte[stored.Length], Isa.Scalar);
            byte[] unpacked = new byte[stored.Length];
            int[] places = new int[stored.Length * 8];

            for (int place = 0; place < owners.Length; place++)
            {
                bool turned = Bit(packed, place) != Bit(nothing, place);
                int owner = owners[place];

                if (turned != (owner != Nobody && Bit(stored, owner)))
                {
                    Assert.Fail($"packed bit {place}");
                }

                if (owner != Nobody)
                {
                    places[owner]++;
                    unpacked[owner / 8] |= (byte)(turned ? 1 << (owner % 8) : 0);
                }
            }

            // Nothing is lost: read back place by place the file is whole. One type has room to repeat its scales.
            int most = type == GgmlType.IQ4_XS ? 4 : 1;

            for (int bit = 0; bit < places.Length; bit++)
            {
                if (!IsRewritten(type, bit / 8) && (places[bit] == 0 || places[bit] > most))
                {
                    Assert.Fail($"bit {bit} has {places[bit]} places");
                }
            }

            Assert.That(unpacked.AsSpan().SequenceEqual(stored));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(8));
    }

    [Test]
    public void Exponents_that_become_floats_stay_apart()
    {
        var shape = new Shape(1, GgmlType.MXFP4.ElementsPerBlock, 0);
        var seen = new HashSet<string>();

        for (int exponent = 0; exponent < 256; exponent++)
        {
            byte[] stored = new byte[GgmlType.MXFP4.BytesPerBlock];
            stored[0] = (byte)exponent;
            Assert.That(seen.Add(Convert.ToHexString(Pack(GgmlType.MXFP4, shape, stored, Isa.Scalar))), $"{exponent}");
        }
    }

    [Test]
    public void Every_rung_packs_the_same_and_decodes_what_the_file_says([ValueSource(nameof(Types))] GgmlType type)
    {
        Prop.ForAll(Shapes(type).ToArbitrary(), shape =>
        {
            var made = new MatrixCase(type, shape.Rows, shape.Width, 1, shape.Seed);
            int[] weights = Bits(made.Weights);
            byte[]? first = null;

            foreach (Isa rung in Rungs)
            {
                using PackedMatrix packed = made.Pack(rung);
                float[] decoded = new float[weights.Length];

                for (int row = 0; row < shape.Rows; row++)
                {
                    packed.DecodeRow(row, decoded.AsSpan(row * shape.Width, shape.Width));
                }

                Assert.That(Bits(decoded), Is.EqualTo(weights), $"{rung}");
                first ??= packed.Tiles.ToArray();
                Assert.That(packed.Tiles.SequenceEqual(first), $"{rung}");

                // What fills up cache lines is little.
                long rows = packed.Groups * (long)RowGroup.Rows;
                long stored = made.Stored.Length / shape.Rows * rows;
                Assert.That(packed.Bytes, Is.InRange(stored, (stored * 106 / 100) + (rows * 4)));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(6));
    }

    // To each packed bit the file's bit that turns it. Files whose ones are the bits whose number has a given binary
    // digit spell that number; where two bits turned one place they would spell neither, and the law would fail.
    private static int[] Owners(GgmlType type, Shape shape)
    {
        byte[] file = new byte[type.BytesOf((long)shape.Rows * shape.Width)];
        byte[] nothing = Pack(type, shape, file, Isa.Scalar);
        int[] owners = new int[nothing.Length * 8];
        file.AsSpan().Fill(0xFF);
        KeepRewritten(type, file);
        byte[] everything = Pack(type, shape, file, Isa.Scalar);

        for (int place = 0; place < owners.Length; place++)
        {
            owners[place] = Bit(everything, place) != Bit(nothing, place) ? 0 : Nobody;
        }

        for (int digit = 0; file.Length * 8 >> digit > 0; digit++)
        {
            for (int i = 0; i < file.Length; i++)
            {
                file[i] = digit switch
                {
                    0 => 0xAA,
                    1 => 0xCC,
                    2 => 0xF0,
                    _ => (byte)(((i >> (digit - 3)) & 1) * 0xFF),
                };
            }

            KeepRewritten(type, file);
            byte[] packed = Pack(type, shape, file, Isa.Scalar);

            for (int place = 0; place < owners.Length; place++)
            {
                if (owners[place] != Nobody && Bit(packed, place) != Bit(nothing, place))
                {
                    owners[place] |= 1 << digit;
                }
            }
        }

        return owners;
    }

    private static byte[] Pack(GgmlType type, Shape shape, byte[] stored, Isa rung)
    {
        using var matrix = new PackedMatrix(type, shape.Rows, shape.Width, rung);
        int groupBytes = (int)type.BytesOf(shape.Width) * RowGroup.Rows;

        for (int group = 0; group < matrix.Groups; group++)
        {
            int at = group * groupBytes;
            matrix.Fill(group, stored.AsSpan(at, Math.Min(groupBytes, stored.Length - at)));
        }

        return matrix.Tiles.ToArray();
    }

    // Any bits at all, those that no encoder writes included.
    private static byte[] Noise(GgmlType type, Shape shape)
    {
        byte[] stored = new byte[type.BytesOf((long)shape.Rows * shape.Width)];
        new Random(shape.Seed).NextBytes(stored);
        KeepRewritten(type, stored);
        return stored;
    }

    // The exponent of MXFP4 is packed as the float it means.
    private static bool IsRewritten(GgmlType type, int at) => type == GgmlType.MXFP4 && at % type.BytesPerBlock == 0;

    private static void KeepRewritten(GgmlType type, byte[] file)
    {
        for (int i = 0; i < file.Length; i++)
        {
            file[i] = IsRewritten(type, i) ? (byte)0 : file[i];
        }
    }

    private static bool Bit(byte[] bytes, int place) => ((bytes[place / 8] >> (place % 8)) & 1) != 0;

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];

    private static Gen<Shape> Shapes(GgmlType type)
        => from rows in Gen.Choose(1, 40)
           from blocks in Gen.Choose(1, type.ElementsPerBlock switch { 1 => 40, > 64 => 3, _ => 7 })
           from seed in Gen.Choose(0, int.MaxValue - 1)
           select new Shape(rows, blocks * type.ElementsPerBlock, seed);

    private sealed record Shape(int Rows, int Width, int Seed);
}
