namespace Swarm.Inference.Model;

/// <summary>What a file system says of an open file: another stamp, another content.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Written">When it was written last, UTC.</param>
public readonly record struct FileStamp(long Bytes, DateTime Written);
