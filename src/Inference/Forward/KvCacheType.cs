namespace Swarm.Inference.Forward;

/// <summary>How keys and values are kept; part of a session's definition, never of a node's taste.</summary>
public enum KvCacheType
{
    /// <summary>32-bit floats: as computed.</summary>
    F32 = 1,

    /// <summary>16-bit floats: rounded before use, half the memory.</summary>
    F16 = 2,

    /// <summary>Bytes, 32 with a scale: rounded before use, a little more than a quarter of the memory.</summary>
    Q8_0 = 3,
}
