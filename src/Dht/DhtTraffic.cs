namespace Swarm.Dht;

/// <summary>What a node's requests of one purpose came to since the start.</summary>
/// <param name="Requests">How many were sent.</param>
/// <param name="Bytes">Those that were answered and their answers, without frames and TLS.</param>
public readonly record struct DhtTraffic(long Requests, long Bytes);
