namespace Swarm.Inference.Model;

/// <summary>The file is sound, but this program cannot compute it; the message lists what it can.</summary>
public sealed class UnsupportedModelException(string field, string problem) : GgufException(field, problem);
