namespace Swarm.Inference.Model;

/// <summary>A model file is not what it claims to be; the message says which field and what to do.</summary>
public class GgufException : Exception
{
    /// <summary>Reports that <paramref name="field"/> of a model file is wrong.</summary>
    public GgufException(string field, string problem)
        : base($"{field}: {problem}") => Field = field;

    /// <summary>Reports that <paramref name="field"/> of a model file is wrong, and why that came to light.</summary>
    public GgufException(string field, string problem, Exception cause)
        : base($"{field}: {problem}", cause) => Field = field;

    /// <summary>The metadata key, tensor or header field that is wrong.</summary>
    public string Field { get; }

    /// <summary>The file, where it is known.</summary>
    public string? Path { get; internal set; }

    /// <inheritdoc/>
    public override string Message => Path is null ? base.Message : $"'{Path}': {base.Message}";
}
