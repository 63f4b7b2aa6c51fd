using System.Buffers.Binary;
using System.Security.Cryptography;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Testing;

/// <summary>Names and greetings for nodes that need no key of their own.</summary>
public static class TestIdentity
{
    /// <summary>The same number gives the same id, spread evenly over the key space.</summary>
    public static NodeId Node(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        return NodeId.Read(SHA256.HashData(bytes));
    }

    public static Hello Hello(string swarm)
        => Hellos.Create(SwarmId.FromName(swarm), numerics: 1, "swarm test", "test", server: true);
}
