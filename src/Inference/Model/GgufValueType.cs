namespace Swarm.Inference.Model;

/// <summary>The type of a metadata value, by the format's own ids.</summary>
public enum GgufValueType
{
    /// <summary>Unsigned byte.</summary>
    U8 = 0,

    /// <summary>Signed byte.</summary>
    I8 = 1,

    /// <summary>Unsigned 16 bits.</summary>
    U16 = 2,

    /// <summary>Signed 16 bits.</summary>
    I16 = 3,

    /// <summary>Unsigned 32 bits.</summary>
    U32 = 4,

    /// <summary>Signed 32 bits.</summary>
    I32 = 5,

    /// <summary>32-bit float.</summary>
    F32 = 6,

    /// <summary>One byte, 0 or 1.</summary>
    Bool = 7,

    /// <summary>Bytes with a 64-bit length before them.</summary>
    Text = 8,

    /// <summary>Element type, 64-bit count, elements.</summary>
    Array = 9,

    /// <summary>Unsigned 64 bits.</summary>
    U64 = 10,

    /// <summary>Signed 64 bits.</summary>
    I64 = 11,

    /// <summary>64-bit float.</summary>
    F64 = 12,
}
