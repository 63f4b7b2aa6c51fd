using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Generation;

/// <summary>What every generation of an origin shares.</summary>
internal sealed record OriginContext(
    LinkPool Pool,
    NodeKey Key,
    SwarmId Swarm,
    IOfferSource Offers,
    PeerHealth Health,
    PeerSpeeds Speeds,
    TimeProvider Time,
    GenerationOptions Options);
