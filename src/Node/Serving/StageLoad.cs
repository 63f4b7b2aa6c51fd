using Swarm.Inference.Model;

namespace Swarm.Node.Serving;

/// <summary>What a node says of a span it serves, for its announcement.</summary>
/// <param name="Blocks">The span.</param>
/// <param name="DecodePerBlockMs">Measured: one token through one block; zero before the first session.</param>
/// <param name="PrefillPerBlockMs">Measured: one token of a prompt through one block; zero before the first.</param>
/// <param name="KvBytesFree">Cache memory not promised to anyone.</param>
/// <param name="QueueDepth">Steps that wait.</param>
/// <param name="Sessions">Sessions open on the node.</param>
public sealed record StageLoad(
    BlockRange Blocks,
    double DecodePerBlockMs,
    double PrefillPerBlockMs,
    long KvBytesFree,
    int QueueDepth,
    int Sessions);
