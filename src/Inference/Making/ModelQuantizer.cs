using System.Buffers;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Making;

/// <summary>
/// Writes a model again with its weights in other types. Metadata is kept, but for what says those types.
/// </summary>
public sealed class ModelQuantizer
{
    private const string FileTypeKey = "general.file_type";
    private const string VersionKey = "general.quantization_version";

    // The blocks' layouts as they have been since 2023.
    private const uint Version = 2;

    private readonly GgufFile _source;
    private readonly WeightPlan _plan;
    private readonly List<(GgufTensor Tensor, GgmlType Type)> _tensors = [];

    /// <summary>Plans a file; nothing is read of its weights yet.</summary>
    /// <exception cref="UnsupportedModelException">A matrix holds values that are no weights.</exception>
    public ModelQuantizer(GgufFile source, WeightPlan plan)
    {
        _source = source;
        _plan = plan;
        var model = MixModel.Of(source);

        foreach (GgufTensor tensor in source.Tensors)
        {
            GgmlType type = plan.TypeOf(tensor.Name, tensor.Dimensions, model) ?? tensor.Type;

            if (type != tensor.Type && !tensor.Type.IsSupported)
            {
                throw new UnsupportedModelException(
                    tensor.Name, $"values of type {tensor.Type} cannot be stored as {type}.");
            }

            _tensors.Add((tensor, type));
        }
    }

    /// <summary>Bytes of all tensors in the source.</summary>
    public long BytesBefore => _tensors.Sum(pair => pair.Tensor.Bytes);

    /// <summary>Bytes of all tensors as they are going to be.</summary>
    public long BytesAfter => _tensors.Sum(pair => pair.Type.BytesOf(pair.Tensor.Elements));

    /// <summary>How many values all tensors hold.</summary>
    public long Elements => _tensors.Sum(pair => pair.Tensor.Elements);

    /// <summary>What each tensor is going to be stored as, in the order of the file.</summary>
    public IReadOnlyList<(GgufTensor Tensor, GgmlType Type)> Tensors => _tensors;

    /// <summary>
    /// A tensor that was rounded to blocks before and would be rounded once more; null when there is none.
    /// </summary>
    public GgufTensor? RoundedTwice => _tensors
        .Find(pair => pair.Type != pair.Tensor.Type
            && pair.Type != GgmlType.F32
            && pair.Tensor.Type.ElementsPerBlock > 1)
        .Tensor;

    /// <summary>Writes the file to <paramref name="path"/>, replacing what is there only when it is whole.</summary>
    /// <exception cref="GgufException">The source became shorter, or holds a weight that is not finite.</exception>
    public void Write(string path, ComputePool pool, IProgress<double>? progress = null)
    {
        var writer = new GgufWriter();

        foreach (string key in _source.Metadata.Keys.Where(IsKept))
        {
            writer.Add(key, _source.Metadata.Require(key));
        }

        if (_plan.FileType is { } fileType)
        {
            writer.Add(FileTypeKey, (uint)fileType);
        }

        writer.Add(VersionKey, Version);
        var encoder = new RowEncoder(pool);
        double total = Elements;
        double done = 0;

        foreach ((GgufTensor tensor, GgmlType type) in _tensors)
        {
            writer.AddTensor(tensor.Name, type, tensor.Dimensions, stream =>
            {
                if (type == tensor.Type)
                {
                    Copy(stream, tensor);
                    Report(tensor.Elements);
                }
                else
                {
                    int width = checked((int)tensor.RowLength);
                    encoder.Write(stream, type, tensor.Rows, width, (row, into) => Read(tensor, row, into), Report);
                }
            });
        }

        writer.Write(path);

        void Report(long values)
        {
            done += values;
            progress?.Report(done / total);
        }
    }

    // A split set becomes one file, and the writer aligns as it likes.
    private static bool IsKept(string key)
        => key is not (FileTypeKey or VersionKey or GgufReader.AlignmentKey)
            && !key.StartsWith("split.", StringComparison.Ordinal);

    private void Read(GgufTensor tensor, long row, Span<float> values)
    {
        int bytes = (int)tensor.RowBytes;
        byte[] stored = ArrayPool<byte>.Shared.Rent(bytes);
        _source.Read(tensor, row * bytes, stored.AsSpan(0, bytes));
        GgmlCodec.Dequantize(tensor.Type, stored.AsSpan(0, bytes), values);
        ArrayPool<byte>.Shared.Return(stored);

        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new GgufException(tensor.Name, "a weight is no finite number: the file is damaged; copy it again.");
        }
    }

    private void Copy(Stream stream, GgufTensor tensor)
    {
        byte[] buffer = new byte[(int)Math.Min(tensor.Bytes, 1 << 20)];

        for (long offset = 0; offset < tensor.Bytes; offset += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, tensor.Bytes - offset));
            _source.Read(tensor, offset, part);
            stream.Write(part);
        }
    }
}
