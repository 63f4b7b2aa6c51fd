using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Dht.Routing;

/// <summary>What one node answered in a lookup.</summary>
/// <param name="From">Who.</param>
/// <param name="Closer">Whom it named, or null when it did not answer.</param>
/// <param name="Records">What it holds, not yet verified.</param>
internal sealed record Reply(NodeId From, IReadOnlyList<Contact>? Closer, IReadOnlyList<SignedRecord> Records);
