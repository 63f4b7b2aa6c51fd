using System.Security.Cryptography;

namespace Swarm.Inference.Model;

/// <summary>A model this program can compute: its blueprint, and tensors proven to have the shapes it needs.</summary>
public sealed class ModelFile : IDisposable
{
    private readonly GgufFile _file;
    private readonly List<(TensorSlot Slot, GgufTensor Tensor)> _slots = [];

    private ModelFile(GgufFile file)
    {
        _file = file;
        var architecture = Architecture.Of(file.Metadata);
        Config = architecture.Read(new HyperParameters(file, architecture.Name));

        foreach (TensorSlot slot in ModelTensors.Of(Config))
        {
            Fill(slot);
        }

        RequireKnown(architecture.Name);
        const string Tokens = "tokenizer.ggml.tokens";

        if (file.Metadata.Array(Tokens) is { } tokens && tokens.Count > Config.VocabularySize)
        {
            throw new GgufException(
                Tokens, $"{tokens.Count} tokens, but the model knows {Config.VocabularySize}; convert it again.");
        }
    }

    /// <summary>The blueprint.</summary>
    public ModelConfig Config { get; }

    /// <summary>What the file says about itself.</summary>
    public GgufMetadata Metadata => _file.Metadata;

    /// <summary>Its tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors => _file.Tensors;

    /// <summary>Metadata and tensor list as bytes.</summary>
    public ReadOnlyMemory<byte> Header => _file.Header;

    /// <summary>The file, or the first part of the set; null where only the header came from elsewhere.</summary>
    public string? Path { get; private set; }

    /// <summary>Whether the weights are there, or only the header.</summary>
    public bool HasWeights => _file.HasWeights;

    /// <summary>What the file system says of the file now, of each part.</summary>
    public IReadOnlyList<FileStamp> Stamps => _file.Stamps;

    /// <summary>Opens a file, or a split set by its first part.</summary>
    /// <exception cref="GgufException">The file is missing or no sound model; the message says what to do.</exception>
    /// <exception cref="UnsupportedModelException">This program cannot compute it.</exception>
    public static ModelFile Open(string path)
    {
        var file = GgufFile.Open(path);

        try
        {
            ModelFile model = Over(file);
            model.Path = path;
            return model;
        }
        catch (GgufException refusal)
        {
            refusal.Path = path;
            throw;
        }
    }

    /// <summary>The model behind a header from elsewhere: enough to tokenize and plan, not to compute.</summary>
    /// <exception cref="GgufException">The header is not sound.</exception>
    public static ModelFile FromHeader(ReadOnlyMemory<byte> header) => Over(GgufFile.FromHeader(header));

    /// <summary>The tensor called <paramref name="name"/>; null when there is none.</summary>
    public GgufTensor? Find(string name) => _file.Find(name);

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="GgufException">There is none.</exception>
    public GgufTensor Require(string name)
        => Find(name) ?? throw new GgufException(name, "the file does not hold this tensor; convert the model again.");

    /// <summary>Fills <paramref name="into"/> from a tensor's bytes, from <paramref name="offset"/> on.</summary>
    /// <exception cref="GgufException">The file became shorter, or cannot be read.</exception>
    public void Read(GgufTensor tensor, long offset, Span<byte> into) => _file.Read(tensor, offset, into);

    /// <summary>The tensors that the holder of <paramref name="span"/> needs, each once.</summary>
    public IReadOnlyList<GgufTensor> SpanTensors(BlockRange span)
        => [.. Needed(span).Select(pair => pair.Tensor)];

    /// <summary>Bytes of the tensors that the holder of <paramref name="span"/> needs.</summary>
    public long SpanBytes(BlockRange span)
        => Needed(span).Sum(pair => pair.Slot.BytesOf(pair.Tensor, span, Config.BlockCount));

    /// <summary>Reads all weights once and hashes them.</summary>
    /// <exception cref="GgufException">The file became shorter, or cannot be read.</exception>
    public ModelManifest ComputeManifest(IProgress<double>? progress = null)
    {
        // A split set counts as the one file it stands for, as its header does.
        IReadOnlyList<GgufTensor> placed = GgufReader.Read(new HeaderBytes(Header), headerOnly: true).Tensors;
        byte[] buffer = new byte[1 << 20];
        double total = Math.Max(1, Tensors.Sum(tensor => (double)tensor.Bytes));
        double done = 0;
        var entries = new List<ManifestEntry>(Tensors.Count);

        for (int i = 0; i < Tensors.Count; i++)
        {
            GgufTensor tensor = Tensors[i];
            entries.Add(new ManifestEntry(
                tensor.Name, tensor.Type, tensor.Dimensions, placed[i].Offset, tensor.Bytes, HashOf(tensor, buffer)));
            progress?.Report((done += tensor.Bytes) / total);
        }

        return ModelManifest.Of(Header.Span, entries);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static ModelFile Over(GgufFile file)
    {
        try
        {
            return new ModelFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // Each tensor once, even if both embedding and head are made of it.
    private IEnumerable<(TensorSlot Slot, GgufTensor Tensor)> Needed(BlockRange span)
        => _slots.Where(pair => pair.Slot.IsNeededBy(span, Config.BlockCount)).DistinctBy(pair => pair.Tensor);

    private byte[] HashOf(GgufTensor tensor, byte[] buffer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        for (long offset = 0; offset < tensor.Bytes; offset += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, tensor.Bytes - offset));
            Read(tensor, offset, part);
            hash.AppendData(part);
        }

        return hash.GetHashAndReset();
    }

    // What a tensor does that nobody reads is anybody's guess: the text would be another model's.
    private void RequireKnown(string architecture)
    {
        HashSet<string> known = [.. _slots.Select(pair => pair.Tensor.Name)];

        if (Tensors.FirstOrDefault(tensor => !known.Contains(tensor.Name) && !ModelTensors.IsSpare(tensor.Name))
            is { } unknown)
        {
            throw new UnsupportedModelException(
                unknown.Name,
                $"models of architecture '{architecture}' are computed without this tensor, so the text would not be "
                + "this model's; convert the original again, or update swarm.");
        }
    }

    private void Fill(TensorSlot slot)
    {
        GgufTensor? tensor = slot.Optional ? Find(slot.Name) : Require(slot.Name);

        if (tensor is null)
        {
            return;
        }

        if (!SameShape(tensor.Dimensions, slot.Dimensions))
        {
            throw new GgufException(
                tensor.Name,
                $"the tensor is {tensor.Shape}, the model needs {string.Join(" x ", slot.Dimensions)}.");
        }

        if (!tensor.Type.IsSupported)
        {
            throw new UnsupportedModelException(
                tensor.Name,
                $"tensors of type {tensor.Type} are not supported; supported are "
                + $"{string.Join(", ", GgmlTypes.Supported)}.");
        }

        if ((slot.Dimensions.Count == 1 || slot.Name.EndsWith(".bias", StringComparison.Ordinal))
            && tensor.Type != GgmlType.F32)
        {
            throw new UnsupportedModelException(
                tensor.Name, $"a vector of type {tensor.Type} is not supported; vectors must be F32.");
        }

        _slots.Add((slot, tensor));
    }

    private static bool SameShape(IReadOnlyList<long> found, IReadOnlyList<long> wanted)
        => Enumerable.Range(0, Math.Max(found.Count, wanted.Count))
            .All(i => (i < found.Count ? found[i] : 1) == (i < wanted.Count ? wanted[i] : 1));
}
