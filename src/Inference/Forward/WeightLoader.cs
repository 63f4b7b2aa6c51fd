using System.Buffers;
using System.Runtime.InteropServices;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>Reads the tensors of a span, and no others, straight into their packed form.</summary>
internal sealed class WeightLoader
{
    private readonly ModelFile _file;
    private readonly BlockRange _span;
    private readonly ComputePool _pool;
    private readonly IProgress<double>? _progress;
    private readonly long _bytesAll;
    private readonly List<IDisposable> _loaded = [];
    private long _bytesRead;
    private long _bytesAllocated;

    private WeightLoader(ModelFile file, BlockRange span, ComputePool pool, IProgress<double>? progress)
    {
        _file = file;
        _span = span;
        _pool = pool;
        _progress = progress;
        _bytesAll = file.SpanBytes(span);
    }

    /// <summary>Loads the weights of a span.</summary>
    /// <exception cref="GgufException">The file became shorter, or holds a weight that is not finite.</exception>
    public static SpanWeights Load(ModelFile file, BlockRange span, ComputePool pool, IProgress<double>? progress)
    {
        var loader = new WeightLoader(file, span, pool, progress);

        try
        {
            return loader.Load();
        }
        catch
        {
            loader._loaded.ForEach(part => part.Dispose());
            throw;
        }
    }

    private SpanWeights Load()
    {
        ModelConfig config = _file.Config;
        bool first = _span.Contains(0);
        bool last = _span.Contains(config.BlockCount - 1);
        bool tiedHere = last && config.TiedOutput;
        var rotary = new RotaryTables();

        bool everywhere = config.NeedsTokensEverywhere;
        PackedMatrix? embedding = first || tiedHere || everywhere ? Matrix(ModelTensors.Embedding) : null;
        PackedMatrix? positions = first && config.HasPositionEmbedding ? Matrix(ModelTensors.Positions) : null;
        var blocks = new BlockWeights[_span.Count];

        for (int i = 0; i < blocks.Length; i++)
        {
            rotary.Add(config.Layers[_span.First + i].Rope, LoadRotary);
            blocks[i] = new BlockLoader(this, config, _span.First + i, rotary).Load();
        }

        NormWeights? norm = last ? Norm(config.OutputNorm) : null;
        PackedMatrix? output = tiedHere ? embedding : last ? Matrix(ModelTensors.Output(config)) : null;

        return new SpanWeights(
            embedding,
            positions,
            blocks,
            norm,
            output is null ? null : new Projection(output, null),
            rotary,
            everywhere ? TokenInputs(config.Layers[0].TokenInputSize) : null,
            _loaded,
            _bytesAllocated);
    }

    private TokenInputWeights TokenInputs(int size)
    {
        var pick = new RowPick((long)_span.First * size, _span.Count * size);
        NativeBuffer norm = Vector(ModelTensors.TokenInputNorm)!;

        return new TokenInputWeights(
            size,
            Columns(_file.Require(ModelTensors.TokenInputs), (int)pick.First, pick.Count),
            new Projection(Rows(_file.Require(ModelTensors.TokenInputProjection), pick), null),
            new NormWeights(NormKind.Rms, _file.Config.NormEpsilon, norm, null));
    }

    /// <summary>A norm of the model's kind.</summary>
    public NormWeights Norm(string name)
        => new(_file.Config.Norm, _file.Config.NormEpsilon, Vector(name + ".weight")!, Vector(name + ".bias"));

    /// <summary>A matrix with its bias, if the file holds one.</summary>
    public Projection Project(string name) => new(Matrix(name + ".weight"), Vector(name + ".bias"));

    private Rotary LoadRotary(RopeSpec spec)
    {
        if (spec.ShortContext > 0)
        {
            return new Rotary(
                spec, Factors(ModelTensors.ShortRopeFactors), Factors(ModelTensors.LongRopeFactors));
        }

        return new Rotary(spec, spec.HasFactors ? Factors(ModelTensors.RopeFactors) : []);
    }

    private ReadOnlySpan<float> Factors(string name)
    {
        ReadOnlySpan<float> factors = MemoryMarshal.Cast<byte, float>(Vector(name)!.Span);

        return factors.ContainsAnyExceptInRange(float.Epsilon, float.MaxValue)
            ? throw new GgufException(name, "a factor is not above 0: the file is damaged; copy it again.")
            : factors;
    }

    /// <summary>A vector; null when the file does not hold it.</summary>
    public NativeBuffer? Vector(string name)
    {
        if (_file.Find(name) is not { } tensor)
        {
            return null;
        }

        return Floats(tensor, 0, checked((int)tensor.Bytes));
    }

    private NativeBuffer Floats(GgufTensor tensor, long offset, int bytes)
    {
        NativeBuffer buffer = Keep(new NativeBuffer(bytes));
        _file.Read(tensor, offset, buffer.Span);

        foreach (float value in MemoryMarshal.Cast<byte, float>(buffer.Span))
        {
            RequireFinite(tensor, float.IsFinite(value));
        }

        Report(bytes, buffer.Bytes);
        return buffer;
    }

    /// <summary>A matrix.</summary>
    public PackedMatrix Matrix(string name)
    {
        GgufTensor tensor = _file.Require(name);
        return Rows(tensor, new RowPick(0, checked((int)tensor.Rows)));
    }

    /// <summary>Some of a tensor's rows as a matrix.</summary>
    public PackedMatrix Rows(GgufTensor tensor, RowPick pick)
    {
        PackedMatrix matrix = Keep(
            new PackedMatrix(tensor.Type, pick.Count, checked((int)tensor.RowLength), _pool.Limit));
        _pool.For(
            matrix.Groups, tensor.RowBytes * RowGroup.Rows, (first, last) => Fill(tensor, pick, matrix, first, last));
        Report(tensor.RowBytes * pick.Count, matrix.Bytes);
        return matrix;
    }

    // The same stretch of every row, which must be whole blocks of its type.
    private PackedMatrix Columns(GgufTensor tensor, int first, int count)
    {
        GgmlType type = tensor.Type;

        if (first % type.ElementsPerBlock != 0 || count % type.ElementsPerBlock != 0)
        {
            throw new UnsupportedModelException(
                tensor.Name, $"stored as {type}, its rows cannot be cut at {first} and {first + count}.");
        }

        PackedMatrix matrix = Keep(new PackedMatrix(type, checked((int)tensor.Rows), count, _pool.Limit));
        int skip = checked((int)type.BytesOf(first));
        int keep = checked((int)type.BytesOf(count));
        int rowBytes = checked((int)tensor.RowBytes);

        _pool.For(matrix.Groups, tensor.RowBytes * RowGroup.Rows, (firstGroup, lastGroup) =>
        {
            byte[] rows = new byte[rowBytes * RowGroup.Rows];
            byte[] parts = new byte[keep * RowGroup.Rows];

            for (int group = firstGroup; group < lastGroup; group++)
            {
                int row = group * RowGroup.Rows;
                int taken = Math.Min(RowGroup.Rows, matrix.Rows - row);
                _file.Read(tensor, row * tensor.RowBytes, rows.AsSpan(0, taken * rowBytes));

                for (int i = 0; i < taken; i++)
                {
                    rows.AsSpan((i * rowBytes) + skip, keep).CopyTo(parts.AsSpan(i * keep));
                }

                RequireFinite(tensor, matrix.Fill(group, parts.AsSpan(0, taken * keep)));
            }
        });
        Report(keep * tensor.Rows, matrix.Bytes);
        return matrix;
    }

    /// <summary>A small matrix as floats, its columns one after another.</summary>
    public NativeBuffer Transposed(string name)
    {
        GgufTensor tensor = _file.Require(name);
        int rows = checked((int)tensor.Rows);
        int length = checked((int)tensor.RowLength);
        float[] values = Decoded(tensor);
        NativeBuffer buffer = Keep(NativeBuffer.OfFloats(values.Length));
        Span<float> target = MemoryMarshal.Cast<byte, float>(buffer.Span);

        for (int i = 0; i < values.Length; i++)
        {
            RequireFinite(tensor, float.IsFinite(values[i]));
            target[(i % length * rows) + (i / length)] = values[i];
        }

        Report(tensor.Bytes, buffer.Bytes);
        return buffer;
    }

    private float[] Decoded(GgufTensor tensor)
    {
        byte[] stored = new byte[tensor.Bytes];
        float[] values = new float[tensor.Rows * tensor.RowLength];
        _file.Read(tensor, 0, stored);
        GgmlCodec.Dequantize(tensor.Type, stored, values);
        return values;
    }

    /// <summary>A vector in which every value is 1.</summary>
    public NativeBuffer Ones(int length)
    {
        NativeBuffer ones = Keep(NativeBuffer.OfFloats(length));
        MemoryMarshal.Cast<byte, float>(ones.Span).Fill(1);
        return ones;
    }

    /// <summary>A matrix as floats, whatever the file keeps it in.</summary>
    public PackedMatrix Floats(string name)
    {
        GgufTensor tensor = _file.Require(name);
        int width = checked((int)tensor.RowLength);
        PackedMatrix matrix = Keep(new PackedMatrix(GgmlType.F32, checked((int)tensor.Rows), width, _pool.Limit));
        float[] values = Decoded(tensor);

        for (int group = 0; group < matrix.Groups; group++)
        {
            int row = group * RowGroup.Rows;
            int count = Math.Min(RowGroup.Rows, matrix.Rows - row);
            RequireFinite(tensor, matrix.Fill(group, MemoryMarshal.AsBytes(values.AsSpan(row * width, count * width))));
        }

        Report(tensor.Bytes, matrix.Bytes);
        return matrix;
    }

    /// <summary>A tensor's vectors, one by one; all null when the file does not hold it.</summary>
    public NativeBuffer?[] Vectors(string name, int count)
    {
        var parts = new NativeBuffer?[count];

        if (_file.Find(name) is { } tensor)
        {
            int bytes = checked((int)(tensor.Bytes / count));

            for (int i = 0; i < count; i++)
            {
                parts[i] = Floats(tensor, (long)i * bytes, bytes);
            }
        }

        return parts;
    }

    /// <summary>A tensor of the file; some blocks read it in parts.</summary>
    public GgufTensor Require(string name) => _file.Require(name);

    private void Fill(GgufTensor tensor, RowPick pick, PackedMatrix matrix, int first, int last)
    {
        int rowBytes = checked((int)tensor.RowBytes);
        byte[] rows = ArrayPool<byte>.Shared.Rent(rowBytes * RowGroup.Rows);

        for (int group = first; group < last; group++)
        {
            int row = group * RowGroup.Rows;
            int count = Math.Min(RowGroup.Rows, matrix.Rows - row);

            for (int at = 0; at < count;)
            {
                int run = pick.RunAt(row + at, count - at);
                _file.Read(tensor, pick.Source(row + at) * tensor.RowBytes, rows.AsSpan(at * rowBytes, run * rowBytes));
                at += run;
            }

            RequireFinite(tensor, matrix.Fill(group, rows.AsSpan(0, count * rowBytes)));
        }

        ArrayPool<byte>.Shared.Return(rows);
    }

    private T Keep<T>(T part)
        where T : IDisposable
    {
        _loaded.Add(part);
        return part;
    }

    private void Report(long read, long allocated)
    {
        _bytesAllocated += allocated;
        _bytesRead += read;
        _progress?.Report((double)_bytesRead / _bytesAll);
    }

    private static void RequireFinite(GgufTensor tensor, bool finite)
    {
        if (!finite)
        {
            throw new GgufException(tensor.Name, "a weight is no finite number: the file is damaged; copy it again.");
        }
    }
}
