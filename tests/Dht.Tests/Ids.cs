using FsCheck;
using FsCheck.Fluent;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Dht.Tests;

/// <summary>Names and contacts for tests.</summary>
internal static class Ids
{
    /// <summary>Points of the key space; two of them often share a long prefix, as random ones never would.</summary>
    internal static Arbitrary<NodeId> Any { get; } = Gen.Choose(0, NodeId.Size)
        .SelectMany(shared => Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(NodeId.Size - shared)
            .Select(tail => NodeId.Read([.. new byte[shared], .. tail])))
        .ToArbitrary();

    internal static NodeId Of(byte last) => NodeId.Read([.. new byte[NodeId.Size - 1], last]);

    internal static NodeId Draw(Random random)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        random.NextBytes(bytes);
        return NodeId.Read(bytes);
    }

    internal static Contact Contact(NodeId id, string host = "10.0.0.1")
        => new(id, [new PeerAddress(host, 4000, id)]);

    internal static Contact Contact(byte last) => Contact(Of(last));
}
