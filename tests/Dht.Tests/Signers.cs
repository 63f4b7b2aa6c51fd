using Swarm.Protocol.Identity;

namespace Swarm.Dht.Tests;

/// <summary>Identities that live as long as the test run.</summary>
internal static class Signers
{
    internal static NodeKey Alice { get; } = NodeKey.Create();

    internal static NodeKey Bob { get; } = NodeKey.Create();
}
