using System.Buffers.Binary;
using System.Security.Cryptography;
using Swarm.Protocol.Identity;

namespace Swarm.Dht;

/// <summary>
/// Where in the key space the swarm's facts are kept. Each key holds the SwarmId: two swarms never mix.
/// </summary>
public static class DhtKeys
{
    /// <summary>
    /// Blocks that share a key: few enough that a reader of one block does not carry away the whole swarm, many enough
    /// that a span has few keys.
    /// </summary>
    public const int BlocksPerGroup = 8;

    /// <summary>The group that a block belongs to.</summary>
    public static int GroupOf(int block) => block / BlocksPerGroup;

    /// <summary>The key of the offers for one group of a model's blocks.</summary>
    /// <param name="swarm">The swarm.</param>
    /// <param name="model">The model's manifest hash.</param>
    /// <param name="group">See <see cref="GroupOf"/>.</param>
    public static NodeId Blocks(SwarmId swarm, ReadOnlySpan<byte> model, int group)
    {
        Span<byte> groupBytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(groupBytes, checked((ushort)group));
        return Hash("swarm/1/blocks"u8, swarm, model, groupBytes);
    }

    /// <summary>The key of the list of models.</summary>
    public static NodeId Models(SwarmId swarm) => Hash("swarm/1/models"u8, swarm, [], []);

    private static NodeId Hash(
        ReadOnlySpan<byte> domain, SwarmId swarm, ReadOnlySpan<byte> model, ReadOnlySpan<byte> group)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(domain);
        hash.AppendData(swarm.ToByteArray());
        hash.AppendData(model);
        hash.AppendData(group);
        return NodeId.Read(hash.GetHashAndReset());
    }
}
