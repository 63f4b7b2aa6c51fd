namespace Swarm.Inference.Forward;

/// <summary>Exported keys and values are damaged, or of another model, type or place; the cache is as before.</summary>
/// <param name="message">What does not fit.</param>
public sealed class KvImportException(string message) : Exception(message);
