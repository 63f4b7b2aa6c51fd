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

        PackedMatrix? embedding = first || tiedHere ? Matrix("token_embd.weight") : null;
        PackedMatrix? positions = first && config.HasPositionEmbedding ? Matrix("position_embd.weight") : null;
        Rotary? rotary = LoadRotary(config.Layers[_span.First].Rope);
        BlockWeights[] blocks = [.. Enumerable.Range(_span.First, _span.Count).Select(Block)];
        NormWeights? norm = last ? Norm("output_norm") : null;
        PackedMatrix? output = tiedHere ? embedding : last ? Matrix("output.weight") : null;

        return new SpanWeights(
            embedding,
            positions,
            blocks,
            norm,
            output is null ? null : new Projection(output, null),
            rotary,
            _bytesAllocated);
    }

    private BlockWeights Block(int block)
    {
        string name = $"blk.{block}.";
        LayerSpec spec = _file.Config.Layers[block];

        return new BlockWeights(
            spec,
            Norm(name + "attn_norm"),
            spec.FusedQkv
                ? [Project(name + "attn_qkv")]
                : [Project(name + "attn_q"), Project(name + "attn_k"), Project(name + "attn_v")],
            Project(name + "attn_output"),
            Norm(name + "ffn_norm"),
            spec.FeedForward == FeedForwardKind.SwiGlu ? Project(name + "ffn_gate") : null,
            Project(name + "ffn_up"),
            Project(name + "ffn_down"));
    }

    private NormWeights Norm(string name)
        => new(_file.Config.Norm, _file.Config.NormEpsilon, Vector(name + ".weight")!, Vector(name + ".bias"));

    private Projection Project(string name) => new(Matrix(name + ".weight"), Vector(name + ".bias"));

    private Rotary? LoadRotary(RopeSpec spec)
    {
        using NativeBuffer? factors = spec.HasFactors ? Vector("rope_freqs.weight") : null;
        return spec.Kind == RopeKind.None
            ? null
            : new Rotary(spec, factors is null ? [] : MemoryMarshal.Cast<byte, float>(factors.Span));
    }

    private NativeBuffer? Vector(string name)
    {
        if (_file.Find(name) is not { } tensor)
        {
            return null;
        }

        NativeBuffer buffer = Keep(new NativeBuffer(tensor.Bytes));
        _file.Read(tensor, 0, buffer.Span);

        foreach (float value in MemoryMarshal.Cast<byte, float>(buffer.Span))
        {
            RequireFinite(tensor, float.IsFinite(value));
        }

        Report(tensor, buffer.Bytes);
        return buffer;
    }

    private PackedMatrix Matrix(string name)
    {
        GgufTensor tensor = _file.Require(name);
        PackedMatrix matrix = Keep(
            new PackedMatrix(tensor.Type, checked((int)tensor.Rows), checked((int)tensor.RowLength), _pool.Limit));
        _pool.For(matrix.Groups, tensor.RowBytes * RowGroup.Rows, (first, last) => Fill(tensor, matrix, first, last));
        Report(tensor, matrix.Bytes);
        return matrix;
    }

    private void Fill(GgufTensor tensor, PackedMatrix matrix, int first, int last)
    {
        byte[] rows = ArrayPool<byte>.Shared.Rent(checked((int)tensor.RowBytes * RowGroup.Rows));

        for (int group = first; group < last; group++)
        {
            int count = Math.Min(RowGroup.Rows, matrix.Rows - (group * RowGroup.Rows));
            Span<byte> bytes = rows.AsSpan(0, count * (int)tensor.RowBytes);
            _file.Read(tensor, group * RowGroup.Rows * tensor.RowBytes, bytes);
            RequireFinite(tensor, matrix.Fill(group, bytes));
        }

        ArrayPool<byte>.Shared.Return(rows);
    }

    private T Keep<T>(T part)
        where T : IDisposable
    {
        _loaded.Add(part);
        return part;
    }

    private void Report(GgufTensor tensor, long allocated)
    {
        _bytesAllocated += allocated;
        _bytesRead += tensor.Bytes;
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
