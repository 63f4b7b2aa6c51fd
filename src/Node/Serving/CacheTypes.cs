using Swarm.Inference.Forward;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>The cache types of sessions: their names on the command line, and what the engine calls them.</summary>
internal static class CacheTypes
{
    /// <summary>Every type a session may have.</summary>
    public static IReadOnlyDictionary<string, KvType> ByName { get; } = new Dictionary<string, KvType>
    {
        ["f32"] = KvType.F32,
        ["f16"] = KvType.F16,
        ["q8_0"] = KvType.Q80,
    };

    /// <summary>Whether this program keeps caches so.</summary>
    public static bool IsKnown(this KvType type) => ByName.Values.Contains(type);

    /// <summary>The engine's name of the type.</summary>
    public static KvCacheType ToCacheType(this KvType type) => type switch
    {
        KvType.F32 => KvCacheType.F32,
        KvType.Q80 => KvCacheType.Q8_0,
        _ => KvCacheType.F16,
    };
}
